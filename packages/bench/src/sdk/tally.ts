/** How often something happened, or how many bytes it had, by name. */
export type Counts = Record<string, number>;

/** Counts what one person's client does. */
export class Tally {
  readonly #counts: Counts = {};
  #total = 0;

  add(name: string, amount = 1): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + amount;
    this.#total += 1;
  }

  /** Grows with every call of {@link add}: two equal values mean that nothing happened in between. */
  get total(): number {
    return this.#total;
  }

  read(): Counts {
    return { ...this.#counts };
  }
}

/** What was added between two readings. Names that did not grow are left out. */
export function difference(after: Counts, before: Counts): Counts {
  const grown = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count !== 0));
}

/** The counts of several people together. */
export function sum(all: readonly Counts[]): Counts {
  const total: Counts = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  return total;
}

/** Counts per operation, to three decimal places. */
export function perOperation(counts: Counts, operations: number): Counts {
  const each = (count: number) => Number((count / operations).toFixed(3));
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, each(count)]));
}
