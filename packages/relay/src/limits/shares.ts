/** So much of something at once, of which one caller gets half at the most. */
export class Shares {
  readonly #size: number;
  readonly #byCaller = new Map<string, number>();
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** False where that is not left, and then nothing is taken. */
  take(caller: string, amount = 1): boolean {
    const ofCaller = (this.#byCaller.get(caller) ?? 0) + amount;
    if (this.#taken + amount > this.#size || ofCaller > Math.ceil(this.#size / 2)) return false;
    this.#taken += amount;
    this.#byCaller.set(caller, ofCaller);
    return true;
  }

  give(caller: string, amount = 1): void {
    this.#taken -= amount;
    const left = (this.#byCaller.get(caller) ?? 0) - amount;
    if (left <= 0) this.#byCaller.delete(caller);
    else this.#byCaller.set(caller, left);
  }
}
