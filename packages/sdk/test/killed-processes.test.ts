import { expect, test } from 'vitest';
import { startRelay } from '@quicprochat/testkit';
import { ProcessDevice } from './support/edges/process-device.ts';
import { run } from './support/edges/run.ts';

/** `pnpm prove kills` has more. */
const KILLS = Number(process.env['QPC_KILLS'] ?? 3);
const SEED = Number(process.env['QPC_SEED'] ?? 1);

test(
  `of an account in two processes on one SQLite store, which are killed ${KILLS} times (seed ${SEED}), nothing acknowledged is lost or doubled`,
  async () => {
    const relay = await startRelay({ env: { QPC_RATE_FACTOR: '1000' } });
    const { figures, ...amiss } = await run({
      seed: SEED,
      operations: KILLS * 8,
      tabs: 2,
      faults: { 'freeze tab': 0.03, 'go offline': 0.015, 'restart relay': 0.01 },
      kills: KILLS,
      relay,
      device: (options) => ProcessDevice.start({ ...options, relay: relay.url }),
    }).finally(() => relay.kill());
    console.log(figures);
    expect(amiss).toEqual({ lost: [], doubled: [], others: [], stuck: [] });
  },
  300_000 + KILLS * 60_000,
);
