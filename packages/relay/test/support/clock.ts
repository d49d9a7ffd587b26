import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * The time of day, and what a test has added to it. That stands in a file, so that it moves at once in all processes whose
 * relays have their time from there.
 */
export class TestClock {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  readonly now = (): number => Date.now() + this.#offsetMs();

  advance(ms: number): void {
    // Renamed into place: whoever looks meanwhile sees the old time or the new one, and nothing between.
    writeFileSync(`${this.#file}.next`, String(this.#offsetMs() + ms));
    renameSync(`${this.#file}.next`, this.#file);
  }

  /** An empty file, where nobody has moved it yet. */
  #offsetMs(): number {
    return Number(readFileSync(this.#file, { encoding: 'utf8', flag: 'a+' }));
  }
}
