import { CHROMIUM, CHROMIUM_FLAGS, chromiumMissing, isHere } from '@quicprochat/testkit';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as Sdk from '../src/index.ts';
import { sdkSite, type SdkSite } from './support/chromium-site.ts';

/** What a page can call: the SDK, in the global `sdk`. */
declare const sdk: typeof Sdk;

vi.setConfig({ testTimeout: 60_000 });

/** What Chromium before version 137 does. */
function withoutEd25519(): void {
  const { importKey } = SubtleCrypto.prototype as unknown as { importKey: (...given: unknown[]) => unknown };
  Object.assign(SubtleCrypto.prototype, {
    importKey(this: SubtleCrypto, ...given: unknown[]): unknown {
      const unknown = new DOMException('Unrecognized name.', 'NotSupportedError');
      return given[2] === 'Ed25519' ? Promise.reject(unknown) : Reflect.apply(importKey, this, given);
    },
  });
}

describe.skipIf(!isHere(chromiumMissing))('a page that cannot run the SDK', () => {
  let site: SdkSite;
  let browser: Browser;
  beforeAll(async () => {
    site = await sdkSite();
    const named = '--host-resolver-rules=MAP chat.example 127.0.0.1';
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS, named] });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  test.each([
    ['did not come over HTTPS', 'chat.example', () => undefined, /HTTPS.*https address.*localhost/],
    ['cannot check Ed25519 signatures', 'localhost', withoutEd25519, /Ed25519.*Update/],
  ])('is told so if it %s', async (_what, host, prepare, told) => {
    const page = await browser.newPage();
    await page.addInitScript(prepare);
    const address = site.place.site.replace('localhost', host);
    await page.goto(address);
    const failure = await page.evaluate(
      async ({ relay, address }) => {
        const files = { worker: `${address}/worker.js`, wasm: `${address}/core.wasm` };
        const storage = sdk.indexedDbStorage('device');
        const creating = sdk.Client.create({ relay, ...files, storage, handle: 'alice' });
        return creating.then(
          () => undefined,
          (error: unknown) => {
            const { code, message } = error as Sdk.QuicprochatError;
            return { code, message };
          },
        );
      },
      { relay: site.place.relay, address },
    );
    expect(failure).toEqual({ code: 'UNSUPPORTED_RUNTIME', message: expect.stringMatching(told) });
  });
});
