import { setTimeout as sleep } from 'node:timers/promises';
import { Latencies, type Percentiles } from './latencies.ts';

export interface OpenLoop {
  /** See `arrivals`. */
  due: readonly number[];
  /** Makes one call. `dueAt` is when it should have been made, by `performance.now`. */
  call: (index: number, dueAt: number) => Promise<unknown>;
  /** How long after the last call answers are waited for. */
  patienceMs: number;
}

export interface Outcome {
  answered: number;
  failed: number;
  /** Neither answered nor failed when patience ended. */
  unanswered: number;
  /** The first few reasons of failures. */
  reasons: string[];
  /** From the start to the last answer. */
  elapsedMs: number;
  latency: Percentiles;
}

/**
 * Makes each call when it is due, however many are still without an answer. Latency runs from when a call was due and
 * not from when it was made, so a server that stalls is charged for all that had to wait (no coordinated omission).
 */
export async function openLoop({ due, call, patienceMs }: OpenLoop): Promise<Outcome> {
  const latencies = new Latencies();
  const reasons = new Set<string>();
  const start = performance.now();
  let [answered, failed, elapsedMs] = [0, 0, 0];

  const make = async (index: number, dueAt: number) => {
    try {
      await call(index, dueAt);
      const now = performance.now();
      latencies.record(now - dueAt);
      answered += 1;
      elapsedMs = now - start;
    } catch (error) {
      failed += 1;
      if (reasons.size < 5) reasons.add(error instanceof Error ? error.message : String(error));
    }
  };

  const calls: Promise<void>[] = [];
  for (const [index, at] of due.entries()) {
    const wait = start + at - performance.now();
    if (wait > 0) await sleep(wait);
    calls.push(make(index, start + at));
  }
  const givingUp = new AbortController();
  await Promise.race([
    Promise.all(calls),
    sleep(patienceMs, undefined, { signal: givingUp.signal }).catch(() => undefined),
  ]);
  givingUp.abort();
  return {
    answered,
    failed,
    unanswered: due.length - answered - failed,
    reasons: [...reasons],
    elapsedMs,
    latency: latencies.percentiles(),
  };
}
