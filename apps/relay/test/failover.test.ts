import { rm } from 'node:fs/promises';
import {
  eventually,
  isHere,
  postgresMissing,
  startPostgresPair,
  startRelay,
  type PostgresPair,
  type RelayProcess,
} from '@quicprochat/testkit';
import { afterEach, expect, test } from 'vitest';
import { expectWhole } from './support/durability/check.ts';
import { Writers } from './support/durability/writers.ts';

const withPostgres = isHere(postgresMissing);

/** `pnpm prove failover` promotes more. */
const PROMOTIONS = Number(process.env['QPC_PROMOTIONS'] ?? 1);

let pair: PostgresPair;
let relay: RelayProcess;
afterEach(async () => {
  await relay.kill();
  await pair.remove();
  await rm(relay.folder, { recursive: true, force: true });
});

async function start(options: { synchronous: boolean }): Promise<Writers> {
  pair = await startPostgresPair(options);
  relay = await startRelay({ env: { QPC_RATE_FACTOR: '1000', QPC_DATABASE: pair.url } });
  return Writers.start(relay.url);
}

async function acknowledge(writers: Writers, more: number): Promise<void> {
  const due = writers.acknowledged + more;
  await eventually(`${more} more writes are acknowledged`, () => writers.acknowledged >= due, {
    timeoutMs: 60_000,
  });
}

test.runIf(withPostgres)(
  `RLY-43 RLY-46 RLY-73 PostgreSQL fails over to its synchronous standby under load: nothing acknowledged is lost or doubled, and the relay goes on by itself (promotions: ${PROMOTIONS})`,
  async () => {
    const writers = await start({ synchronous: true });
    for (let promoted = 1; promoted <= PROMOTIONS; promoted += 1) {
      await acknowledge(writers, 200);
      await pair.failOver();
      await acknowledge(writers, 100);
      await writers.compare({ whole: promoted % 20 === 0 });
      expect(writers.problems).toEqual([]);
      await pair.addStandby();
    }
    await acknowledge(writers, 100);
    await writers.stop();
    await writers.compare({ whole: true });
    for (const model of writers.models) model.compareSize();
    const { acknowledged, unavailable } = writers;
    console.log(`${PROMOTIONS} promotions, ${acknowledged} writes acknowledged, ${unavailable} UNAVAILABLE`);
    expect(writers.problems).toEqual([]);
    await expectWhole({ url: pair.url });
  },
  120_000 + PROMOTIONS * 60_000,
);

test.runIf(withPostgres)(
  'a failover to a standby that nobody waited for loses what was acknowledged, and that is seen',
  async () => {
    const writers = await start({ synchronous: false });
    await acknowledge(writers, 50);
    pair.cutReplication();
    await acknowledge(writers, 200);
    await pair.failOver();
    // Their entries may be refused now, for an epoch that the new primary has not come to.
    await writers.stop().catch(() => undefined);
    await writers.compare({ whole: true });
    expect(writers.problems.some(({ what }) => what === 'lost')).toBe(true);
  },
  180_000,
);
