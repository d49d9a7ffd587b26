import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  eventually,
  fileLimitMissing,
  limitFiles,
  type RelayProcess,
  Rng,
  startRelay,
} from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';
import { expectWhole } from './support/durability/check.ts';
import { Writers } from './support/durability/writers.ts';

if (fileLimitMissing !== undefined) {
  if (process.env['CI']) throw new Error(fileLimitMissing);
  console.warn(fileLimitMissing);
}

const ROUNDS = 6;

let relay: RelayProcess;
beforeAll(async () => {
  relay = await startRelay({ env: { QPC_RATE_FACTOR: '1000' } });
});
afterAll(async () => {
  await relay.kill();
  await rm(relay.folder, { recursive: true, force: true });
});

test('RLY-105 a relay whose disk has less room than it is to leave takes nothing new, and serves', async () => {
  const env = { QPC_MIN_FREE_BYTES: `${Number.MAX_SAFE_INTEGER}` };
  const full = await startRelay({ env });
  try {
    await expect(new TestGroup(full.url).create()).rejects.toThrow('UNAVAILABLE');
    expect((await fetch(`${full.adminUrl}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${full.adminUrl}/metrics`)).text();
    expect(metrics).toContain('limited_total{limit="disk"} 1');
  } finally {
    await full.kill();
    await rm(full.folder, { recursive: true, force: true });
  }
});

test.skipIf(fileLimitMissing !== undefined)(
  'RLY-7 RLY-46 writes that the system cuts short or refuses are not acknowledged, the process lives, and goes on when it can',
  async () => {
    const writers = await Writers.start(relay.url);
    const rng = new Rng(1);
    const more = async (count: number) => {
      const due = writers.acknowledged + count;
      await eventually('more writes are acknowledged', () => writers.acknowledged >= due);
    };
    for (let round = 1; round <= ROUNDS; round += 1) {
      await more(20);
      const due = writers.unavailable + 20;
      // Below what the write-ahead log has come to, or a little above: in the middle of some transaction.
      limitFiles(relay.pid, 2 ** 16 + rng.below(2 ** 20));
      await eventually('writes are refused', () => writers.unavailable >= due, { timeoutMs: 60_000 });
      expect((await fetch(`${relay.adminUrl}/livez`)).status).toBe(200);
      // Half of the times there is room again; the others, the process dies as things are.
      if (round % 2 === 1) limitFiles(relay.pid, undefined);
      else {
        await relay.kill();
        await relay.start();
      }
      await more(20);
      await writers.compare();
      await expectWhole({ path: join(relay.folder, 'relay.db') });
      expect(writers.problems).toEqual([]);
    }
    await writers.stop();
    await writers.compare({ whole: true });
    for (const model of writers.models) model.compareSize();
    expect(writers.problems).toEqual([]);
  },
  180_000,
);
