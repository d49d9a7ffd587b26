import type { QuicprochatError } from '../errors.ts';

/** Whoever waits looks as soon as the row is gone, long before so many others have failed. */
const MOST = 64;

/** Why things were taken out of the outbox unsent, by their ids. Any number of callers may wait for one thing. */
export class Failures {
  readonly #errors = new Map<string, QuicprochatError>();

  add(id: string, error: QuicprochatError): void {
    this.#errors.set(id, error);
    const [oldest = id] = this.#errors.keys();
    if (this.#errors.size > MOST) this.#errors.delete(oldest);
  }

  forget(id: string): void {
    this.#errors.delete(id);
  }

  of(id: string): QuicprochatError | undefined {
    return this.#errors.get(id);
  }
}
