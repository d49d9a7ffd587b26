/** Counts what happened in a run, by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** Adds the counts of another run. */
  addAll(other: Tally): void {
    for (const [name, count] of other.#counts) this.add(name, count);
  }

  /** How often it happened. */
  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Names and counts, the highest count first. */
  entries(): [name: string, count: number][] {
    return [...this.#counts].sort(([, left], [, right]) => right - left);
  }
}
