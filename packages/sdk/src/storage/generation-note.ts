import { closeSync, constants, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { bytesOfGeneration, GENERATION_BYTES, generationOf } from './generation-bytes.ts';

/**
 * The number of a commit in a file of its own, in the form of `generation-bytes.ts`. It is written under the database's
 * lock, before the commit, in place, and not synced: after a power cut it may be behind, which tells nothing.
 */
export class GenerationNote {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined if there is none, or if it is damaged. */
  read(): number | undefined {
    try {
      return generationOf(readFileSync(this.#path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** Sets the note, if it is lower or damaged. */
  raise(generation: number): void {
    const file = this.#open();
    // One byte more, to know a file that is too long.
    const noted = Buffer.alloc(GENERATION_BYTES + 1);
    const length = readSync(file, noted, 0, noted.length, 0);
    if ((generationOf(noted.subarray(0, length)) ?? 0) < generation) this.write(generation);
  }

  write(generation: number): void {
    const file = this.#open();
    ftruncateSync(file, GENERATION_BYTES);
    writeSync(file, bytesOfGeneration(generation), 0, GENERATION_BYTES, 0);
  }

  #open(): number {
    return (this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
