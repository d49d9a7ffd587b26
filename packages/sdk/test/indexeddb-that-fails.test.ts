import { chromiumMissing, fileLimitMissing, isHere } from '@quicprochat/testkit';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { sdkSite, type SdkSite } from './support/chromium-site.ts';
import { talkAcrossFailure } from './support/edges/across-failure.ts';
import { BrowserDevice } from './support/edges/browser-device.ts';

vi.setConfig({ testTimeout: 180_000 });

describe.skipIf(!isHere(chromiumMissing) || !isHere(fileLimitMissing))('in a real Chromium', () => {
  let site: SdkSite;
  beforeAll(async () => {
    site = await sdkSite({ modules: { driver: join(import.meta.dirname, 'support/edges/driver.ts') } });
  }, 120_000);
  afterAll(() => site.close());

  test('on a full disk, the SDK refuses what it cannot store in IndexedDB, and goes on by itself afterwards', () =>
    talkAcrossFailure(site.relay.url, {
      start: (options) => BrowserDevice.start({ ...options, place: site.place }),
      fail: async (device) => {
        device.limitFiles(1);
        return () => device.limitFiles(undefined);
      },
    }));
});
