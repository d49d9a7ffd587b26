/** Whoever waits looks as soon as the row is gone, long before so many others have failed. */
const MOST = 64;

/** Why things were taken out of the outbox unsent, by their ids: an error, or the reason they were cancelled for. Any number of callers may wait for one thing. */
export class Failures {
  readonly #errors = new Map<string, unknown>();

  add(id: string, error: unknown): void {
    this.#errors.set(id, error);
    const [oldest = id] = this.#errors.keys();
    if (this.#errors.size > MOST) this.#errors.delete(oldest);
  }

  forget(id: string): void {
    this.#errors.delete(id);
  }

  of(id: string): unknown {
    return this.#errors.get(id);
  }
}
