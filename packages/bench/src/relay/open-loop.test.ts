import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openLoop } from './open-loop.ts';

test('a server that stalls is charged for all that was due meanwhile', async () => {
  const stalled = sleep(200);
  const due = Array.from({ length: 100 }, (_, i) => i);
  const { answered, latency } = await openLoop({ due, call: () => stalled, patienceMs: 2_000 });
  expect(answered).toBe(100);
  // Due at 0 to 99 ms and answered at 200: the median waited 150. Measured from the answer before, it would be 0.
  expect(latency.p50).toBeGreaterThan(120);
  expect(latency.max).toBeGreaterThan(190);
});

test('no call waits for the answer of another', async () => {
  let [open, most] = [0, 0];
  const call = async () => {
    most = Math.max(most, (open += 1));
    await sleep(100);
    open -= 1;
  };
  await openLoop({ due: [0, 1, 2, 3, 4], call, patienceMs: 2_000 });
  expect(most).toBe(5);
});

test('failures and what is never answered are counted apart, and it ends all the same', async () => {
  const never = new Promise<void>(() => undefined);
  const call = (i: number) => (i === 0 ? Promise.reject(new Error('refused')) : i === 1 ? never : sleep(1));
  const outcome = await openLoop({ due: [0, 0, 0], call, patienceMs: 50 });
  expect(outcome).toMatchObject({ answered: 1, failed: 1, unanswered: 1, reasons: ['refused'] });
});
