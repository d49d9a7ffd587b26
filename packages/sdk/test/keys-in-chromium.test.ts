import { chromiumMissing, isHere } from '@quicprochat/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as Sdk from '../src/index.ts';
import { chromiumSite, type ChromiumSite } from './support/chromium-site.ts';

/** What a page can call: the SDK, in the global `sdk`. */
declare const sdk: typeof Sdk;

const cost = { memoryKib: 64, passes: 1 };

vi.setConfig({ testTimeout: 60_000 });

describe.skipIf(!isHere(chromiumMissing))('key slots in Chromium', () => {
  let site: ChromiumSite;

  beforeAll(async () => {
    site = await chromiumSite();
  }, 120_000);
  afterAll(() => site.close());

  /** A page with the SDK, in a profile of its own, and an authenticator if it is to have one. */
  async function openPage({ hasPrf }: { hasPrf?: boolean } = {}): Promise<Page> {
    const page = await site.openPage();
    if (hasPrf !== undefined) await addAuthenticator(page, hasPrf);
    return page;
  }

  test('a new store is wrapped by a key of WebCrypto that cannot be read, and opens after a reload', async () => {
    const page = await openPage();
    const register = await page.evaluate(async ({ relay, site }) => {
      const storage = sdk.indexedDbStorage('device');
      const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm` };
      const client = await sdk.Client.create({ ...options, storage, handle: 'dagny' });
      const slots = await client.keys.list();
      await client.close();
      return slots.map(({ kind }) => kind);
    }, place());
    expect(register).toEqual(['device']);
    expect(await keptIn(page, 'device')).toEqual({ extractable: false, bytes: expect.any(Number) });
    await page.reload();
    const handle = await page.evaluate(async ({ relay, site }) => {
      const storage = sdk.indexedDbStorage('device');
      const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm` };
      const client = await sdk.Client.create({ ...options, storage });
      await client.close();
      return client.handle;
    }, place());
    expect(handle).toBe('dagny');
  });

  test('a passkey locks a store, and opens it after a reload; nothing else does', async () => {
    const page = await openPage({ hasPrf: true });
    await page.evaluate(async ({ relay, site }) => {
      const storage = sdk.indexedDbStorage('passkey');
      const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm` };
      const client = await sdk.Client.create({ ...options, storage, handle: 'erik' });
      const { secret, passkey } = await sdk.createPasskey({ name: 'erik' });
      await client.keys.addSecret(secret, { passkey });
      await client.keys.remove('device');
      await client.close();
    }, place());
    expect(await keptIn(page, 'passkey')).toEqual({ extractable: undefined, bytes: expect.any(Number) });
    await page.reload();
    const result = await page.evaluate(async ({ relay, site }) => {
      const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm` };
      const codeOf = (unlock?: Sdk.Unlock) =>
        sdk.Client.create({
          ...options,
          storage: sdk.indexedDbStorage('passkey'),
          ...(unlock && { unlock }),
        }).then(
          () => 'opened',
          (error: unknown) => (error as Sdk.QuicprochatError).code,
        );
      const storage = sdk.indexedDbStorage('passkey');
      const isLocked = await sdk.Client.isLocked(storage);
      const [slot] = await sdk.Client.keySlots(storage);
      const secret = await sdk.askPasskey(slot!.passkey!);
      const other = await sdk.askPasskey({ ...slot!.passkey!, salt: 'A'.repeat(43) });
      const client = await sdk.Client.create({ ...options, storage, unlock: { secret } });
      await client.close();
      return [isLocked, client.handle, await codeOf(), await codeOf({ secret: other })];
    }, place());
    expect(result).toEqual([true, 'erik', 'STORE_LOCKED', 'SECRET_WRONG']);
  });

  test('a passphrase locks a store, and opens it after a reload', async () => {
    const page = await openPage();
    await page.evaluate(
      async ({ relay, site, cost }) => {
        const storage = sdk.indexedDbStorage('passphrase');
        const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm` };
        const client = await sdk.Client.create({ ...options, storage, handle: 'freja' });
        await client.keys.addPassphrase('correct horse', { cost });
        await client.keys.remove('device');
        await client.close();
      },
      { ...place(), cost },
    );
    await page.reload();
    const codes = await page.evaluate(async ({ relay, site }) => {
      const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm` };
      const codes: string[] = [];
      for (const passphrase of ['wrong horse', 'correct horse'])
        await sdk.Client.create({
          ...options,
          storage: sdk.indexedDbStorage('passphrase'),
          unlock: { passphrase },
        }).then(
          async (client) => {
            codes.push(client.handle);
            await client.close();
          },
          (error: unknown) => codes.push((error as Sdk.QuicprochatError).code),
        );
      return codes;
    }, place());
    expect(codes).toEqual(['PASSPHRASE_WRONG', 'freja']);
  });

  test.each([
    ['has no PRF extension', false, 'create'],
    ['does not have the passkey', true, 'ask'],
  ])('an authenticator that %s is told as one that is unavailable', async (_what, hasPrf, which) => {
    const page = await openPage({ hasPrf });
    const error = await page.evaluate(
      async (which) =>
        (which === 'create'
          ? sdk.createPasskey({ name: 'x' })
          : sdk.askPasskey({ credentialId: 'AAAA', salt: 'A'.repeat(43) })
        ).then(
          () => undefined,
          (error: unknown) => {
            const { code, name } = error as Sdk.QuicprochatError;
            return { code, name };
          },
        ),
      which,
    );
    expect(error).toEqual({ code: 'PASSKEY_UNAVAILABLE', name: 'UsageError' });
  });

  const place = () => site.place;
});

async function addAuthenticator(page: Page, hasPrf: boolean): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** What is kept of a store's key: whether the device's key can be exported, and how many bytes there are beside it. */
function keptIn(page: Page, name: string): Promise<{ extractable: boolean | undefined; bytes: number }> {
  return page.evaluate(async (name) => {
    const ready = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('no reason'));
      });
    const database = await ready(indexedDB.open(`quicprochat-key:${name}`));
    const store = database.transaction('key').objectStore('key');
    const [device, kept] = (await Promise.all([ready(store.get('device')), ready(store.get('store'))])) as [
      CryptoKey | undefined,
      Uint8Array,
    ];
    database.close();
    return { extractable: device?.extractable, bytes: kept.length };
  }, name);
}
