import type { Rng } from '@quicprochat/testkit';
import type { Trace } from './trace.ts';

/** When simulated time begins: 2026-01-01T00:00:00Z. */
const START_MS = Date.UTC(2026, 0, 1);

/** How often a condition is looked at that something waits for. */
const LOOKS_EVERY_MS = 100;

interface Planned {
  atMs: number;
  /** Decides the order of events that are due at the same time. */
  lot: number;
  what: string;
  run: () => void;
}

/**
 * The simulated clock and its queue of events. Timers, calls, answers and storage operations are all events here. They
 * run one at a time, and the seed decides the order.
 */
export class Scheduler {
  readonly #rng: Rng;
  readonly #trace: Trace;
  /** Sorted, with the next event at the end. */
  readonly #planned: Planned[] = [];
  #nowMs = START_MS;

  constructor(rng: Rng, trace: Trace) {
    this.#rng = rng;
    this.#trace = trace;
  }

  /** Milliseconds since 1970. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Schedules an event. Returns a function that cancels it.
   *
   * @param delayMs rounded up, since clocks show whole milliseconds
   * @param what the line that the trace gets when the event runs
   */
  after(delayMs: number, what: string, run: () => void): () => void {
    const planned: Planned = {
      atMs: this.#nowMs + Math.ceil(delayMs),
      lot: this.#rng.below(2 ** 31),
      what,
      run,
    };
    this.#planned.splice(this.#placeOf(planned), 0, planned);
    return () => {
      const at = this.#planned.indexOf(planned);
      if (at >= 0) this.#planned.splice(at, 1);
    };
  }

  /** Resolves after a delay. If the signal aborts first, rejects with its reason. */
  sleep(ms: number, what: string, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(reasonOf(signal));
      const cancel = this.after(ms, what, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = () => {
        cancel();
        reject(reasonOf(signal as AbortSignal));
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Runs the events of a time. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    while (await this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  /**
   * Runs events until the condition holds or the time is over. The condition is looked at every {@link LOOKS_EVERY_MS}.
   *
   * @returns whether the condition holds
   */
  async runUntil(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const endMs = this.#nowMs + withinMs;
    await settled();
    while (!isSo()) {
      if (this.#nowMs === endMs) return false;
      await this.run(Math.min(LOOKS_EVERY_MS, endMs - this.#nowMs));
    }
    return true;
  }

  /** Runs events until the promise settles, and returns its result. */
  async answerOf<Result>(promise: Promise<Result>, withinMs = 60_000): Promise<Result> {
    const endMs = this.#nowMs + withinMs;
    let answer: { result: Result } | { error: unknown } | undefined;
    promise.then(
      (result) => (answer = { result }),
      (error: unknown) => (answer = { error }),
    );
    do await settled();
    while (answer === undefined && (await this.#runNext(endMs)));
    if (answer === undefined) throw new Error('The promise did not settle in time.');
    if ('error' in answer) throw answer.error;
    return answer.result;
  }

  /** Runs the next event, if one is due before the end. */
  async #runNext(endMs: number): Promise<boolean> {
    await settled();
    const next = this.#planned.at(-1);
    if (next === undefined || next.atMs > endMs) return false;
    this.#planned.pop();
    this.#nowMs = next.atMs;
    this.#trace.note(`${next.atMs - START_MS} ${next.what}`);
    next.run();
    return true;
  }

  #placeOf({ atMs, lot }: Planned): number {
    let [low, high] = [0, this.#planned.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#planned[middle] as Planned;
      const isLater = other.atMs > atMs || (other.atMs === atMs && other.lot > lot);
      if (isLater) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Resolves after all pending microtasks have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('Aborted', 'AbortError');
}
