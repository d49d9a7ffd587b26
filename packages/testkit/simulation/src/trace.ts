import { createHash } from 'node:crypto';

/** The events of one run, in order. Two runs of the same seed have the same hash. */
export class Trace {
  readonly #hash = createHash('sha256');
  readonly #tail: string[] = [];
  readonly #kept: number;
  #length = 0;

  /** @param kept how many of the last lines to keep */
  constructor(kept: number) {
    this.#kept = kept;
  }

  note(line: string): void {
    this.#length += 1;
    this.#hash.update(line).update('\n');
    this.#tail.push(line);
    if (this.#tail.length > this.#kept) this.#tail.shift();
  }

  get length(): number {
    return this.#length;
  }

  get tail(): readonly string[] {
    return this.#tail;
  }

  /** The first 16 hex digits of the SHA-256 over all lines. */
  hash(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }
}
