/** Who sits on which leaf of the tree, as far as a script has to know it (RFC 9420 §7.7, §7.8). */
export class Seats {
  readonly #leaves: readonly (string | undefined)[];

  constructor(leaves: readonly (string | undefined)[] = []) {
    this.#leaves = leaves;
  }

  /** The seats after a commit: removals first, then each newcomer on the leftmost free leaf. */
  after(removed: readonly string[], added: readonly string[]): Seats {
    const leaves = this.#leaves.map((name) =>
      name !== undefined && removed.includes(name) ? undefined : name,
    );
    for (const name of added) {
      const free = leaves.indexOf(undefined);
      leaves[free === -1 ? leaves.length : free] = name;
    }
    return new Seats(leaves.slice(0, leaves.findLastIndex((name) => name !== undefined) + 1));
  }

  /**
   * Whether somebody sits in the left half of the tree. If not, the root is on nobody's filtered direct path (RFC 9420
   * §4.1.2), and ts-mls 1.6.4 derives the commit secret one step too far: see known-defects.test.ts.
   */
  get hasLeftHalf(): boolean {
    const last = this.#leaves.length - 1;
    return (
      last < 1 || this.#leaves.slice(0, 2 ** Math.floor(Math.log2(last))).some((name) => name !== undefined)
    );
  }
}
