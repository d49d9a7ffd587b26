import { chromiumMissing, isHere } from '@quicprochat/testkit';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sdkSite, type SdkSite } from './support/chromium-site.ts';
import { BrowserDevice } from './support/edges/browser-device.ts';
import { caddyMissing, startHttp2Front, type Http2Front } from './support/edges/http2-front.ts';
import { run } from './support/edges/run.ts';
import type { Hear } from './support/edges/tab.ts';

/** `pnpm prove tabs` and `pnpm prove browser-kills` do more. */
const OPERATIONS = Number(process.env['QPC_OPERATIONS'] ?? 60);
const KILLS = Number(process.env['QPC_KILLS'] ?? 2);
const SEED = Number(process.env['QPC_SEED'] ?? 1);
const TIMEOUT_MS = 600_000 + OPERATIONS * 2_000 + KILLS * 60_000;

const modules = { driver: join(import.meta.dirname, 'support/edges/driver.ts') };

describe.skipIf(!isHere(chromiumMissing) || !isHere(caddyMissing))('in a real Chromium', () => {
  let site: SdkSite;
  let front: Http2Front;

  beforeEach(async () => {
    site = await sdkSite({ modules, env: { QPC_RATE_FACTOR: '1000' } });
    front = await startHttp2Front(site.relay.url);
  }, 120_000);
  afterEach(async () => {
    await front.close();
    await site.close();
  });

  const device = (options: { handle: string; hear: Hear }) =>
    BrowserDevice.start({ ...options, place: { ...site.place, relay: front.url } });

  test(
    `of ${OPERATIONS} operations (seed ${SEED}) of an account in four tabs, which are killed and frozen, nothing acknowledged is lost or doubled`,
    async () => {
      const { figures, ...amiss } = await run({
        seed: SEED,
        operations: OPERATIONS,
        tabs: 4,
        faults: { 'kill tab': 0.03, 'freeze tab': 0.04, 'go offline': 0.015, 'restart relay': 0.01 },
        kills: 0,
        relay: site.relay,
        device,
      });
      console.log(figures);
      expect(amiss).toEqual({ lost: [], doubled: [], others: [], stuck: [] });
    },
    TIMEOUT_MS,
  );

  test(
    `of an account in two tabs of a browser that is killed ${KILLS} times (seed ${SEED}), nothing acknowledged is lost or doubled`,
    async () => {
      const { figures, ...amiss } = await run({
        seed: SEED,
        operations: KILLS * 8,
        tabs: 2,
        faults: { 'freeze tab': 0.02, 'go offline': 0.01, 'restart relay': 0.01 },
        kills: KILLS,
        relay: site.relay,
        device,
      });
      console.log(figures);
      expect(amiss).toEqual({ lost: [], doubled: [], others: [], stuck: [] });
    },
    TIMEOUT_MS,
  );
});
