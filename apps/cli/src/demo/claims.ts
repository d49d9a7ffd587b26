/** The demo's voice: says what was measured, and remembers whether it was what the story needs. */
export class Claims {
  #held = 0;
  #total = 0;

  chapter(title: string): void {
    console.log(`\n${title}`);
  }

  /** A measured fact that nothing is claimed about. */
  fact(text: string): void {
    console.log(`    ${text}`);
  }

  /** A claim with what was measured for it. It holds when that equals what the story needs. */
  check(claim: string, measured: string | number, needed: string | number): void {
    const holds = measured === needed;
    this.#total++;
    if (holds) this.#held++;
    console.log(`  ${holds ? '✓' : '✗'} ${claim}: ${measured}${holds ? '' : ` (expected ${needed})`}`);
  }

  /** @returns whether every claim held */
  conclude(): boolean {
    console.log(`\n${this.#held} of ${this.#total} claims held.`);
    return this.#held === this.#total;
  }
}
