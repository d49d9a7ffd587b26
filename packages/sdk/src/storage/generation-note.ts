import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';

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

  /** Undefined if there is no such file. */
  read(): Uint8Array | undefined {
    try {
      return readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  write(bytes: Uint8Array): void {
    this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    writeSync(this.#file, bytes, 0, bytes.length, 0);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
