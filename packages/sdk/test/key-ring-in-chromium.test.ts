import { chromiumMissing, isHere } from '@quicprochat/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as Sdk from '../src/index.ts';
import { chromiumSite, type ChromiumSite } from './support/chromium-site.ts';

/** What a page can call: the SDK, in the global `sdk`. */
declare const sdk: typeof Sdk;

vi.setConfig({ testTimeout: 60_000 });

describe.skipIf(!isHere(chromiumMissing))('the key ring in Chromium', () => {
  let site: ChromiumSite;

  beforeAll(async () => {
    site = await chromiumSite();
  }, 120_000);
  afterAll(() => site.close());

  /** Registers, talks to themselves in a conversation of two epochs, and closes. */
  const live = (page: Page, handle: string) =>
    page.evaluate(
      async ({ relay, site, handle }) => {
        const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm`, live: false };
        const client = await sdk.Client.create({
          ...options,
          storage: sdk.indexedDbStorage(handle),
          handle,
        });
        const talk = await client.conversations.create({ name: 'Notes', members: [] });
        await talk.send('in the first epoch');
        await talk.heal();
        await talk.send('in the second');
        await client.close();
        return talk.id;
      },
      { ...site.place, handle },
    );

  const sayMore = (page: Page, handle: string, id: string) =>
    page.evaluate(
      async ({ relay, site, handle, id }) => {
        const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm`, live: false };
        const storage = sdk.indexedDbStorage(handle);
        const code = (error: unknown) => (error as Sdk.QuicprochatError).code;
        try {
          const client = await sdk.Client.create({ ...options, storage });
          const talk = client.conversations.find(id);
          const outcome = await talk.send('and more').then(() => 'sent', code);
          const { state } = talk;
          await client.close();
          return { outcome, state };
        } catch (error) {
          return { outcome: code(error) };
        }
      },
      { ...site.place, handle, id },
    );

  test('is in a file that is overwritten in place, and not in IndexedDB; the store opens after a reload', async () => {
    const page = await site.openPage();
    const id = await live(page, 'dagny');
    const before = await ringOf(page, 'dagny');
    expect(before.inDatabase).toEqual(['ring-files']);
    expect(before.ofGroup(id)).toHaveLength(1);
    await page.reload();
    expect(await sayMore(page, 'dagny', id)).toEqual({ outcome: 'sent', state: 'active' });
    const healed = await page.evaluate(
      async ({ relay, site, id }) => {
        const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm`, live: false };
        const client = await sdk.Client.create({ ...options, storage: sdk.indexedDbStorage('dagny') });
        await client.conversations.find(id).heal();
        await client.close();
        return true;
      },
      { ...site.place, id },
    );
    expect(healed).toBe(true);
    const after = await ringOf(page, 'dagny');
    expect(after.ofGroup(id)).toHaveLength(1);
    expect(after.ofGroup(id)).not.toEqual(before.ofGroup(id));
    // The key of the epoch that is over is nowhere in the file.
    expect(after.bytes).not.toContain(before.ofGroup(id)[0]);
    expect(before.bytes).toContain(before.ofGroup(id)[0]);
  });

  test('two tabs that heal in turn share it, and lose no key', async () => {
    const page = await site.openPage();
    const id = await live(page, 'erik');
    const other = await site.openPage(page.context());
    const heal = (tab: Page) =>
      tab.evaluate(
        async ({ relay, site, id }) => {
          const options = { relay, worker: `${site}/worker.js`, wasm: `${site}/core.wasm`, live: false };
          const client = await sdk.Client.create({ ...options, storage: sdk.indexedDbStorage('erik') });
          const talk = client.conversations.find(id);
          for (let round = 0; round < 4; round += 1) {
            await talk.heal();
            await talk.send(`round ${round}`);
          }
          const { state } = talk;
          await client.close();
          return state;
        },
        { ...site.place, id },
      );
    expect(await Promise.all([heal(page), heal(other)])).toEqual(['active', 'active']);
    expect((await ringOf(page, 'erik')).ofGroup(id)).toHaveLength(1);
    expect(await sayMore(page, 'erik', id)).toEqual({ outcome: 'sent', state: 'active' });
  });

  test('if files cannot be used for a while, the store does not open, and nothing is lost; if its file is gone, conversations are stuck', async () => {
    const page = await site.openPage();
    const id = await live(page, 'freja');
    const blocked = await page.evaluate(
      async ({ relay, site, id }) => {
        // A worker without private files, as in some browsers' private windows. What comes before it listens is kept for it.
        const source = `
          delete FileSystemFileHandle.prototype.createSyncAccessHandle;
          const early = [];
          const keep = ({ data }) => early.push(data);
          addEventListener('message', keep);
          await import('${site}/worker.js');
          removeEventListener('message', keep);
          for (const data of early) dispatchEvent(new MessageEvent('message', { data }));`;
        const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
        const worker = () => new Worker(url, { type: 'module' });
        const options = { relay, worker, wasm: `${site}/core.wasm`, live: false };
        return sdk.Client.create({ ...options, storage: sdk.indexedDbStorage('freja') }).then(
          (client) => client.conversations.find(id).state,
          (error: unknown) => (error as Sdk.QuicprochatError).code,
        );
      },
      { ...site.place, id },
    );
    expect(blocked).toBe('STORE_UNAVAILABLE');
    expect(await sayMore(page, 'freja', id)).toEqual({ outcome: 'sent', state: 'active' });
    await page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('quicprochat');
      await folder.removeEntry('freja.ring');
    });
    expect(await sayMore(page, 'freja', id)).toEqual({ outcome: 'CONVERSATION_STUCK', state: 'stuck' });
  });
});

/** What the file holds of a group, by its slots, and what the database of the key says of the ring. */
async function ringOf(page: Page, name: string) {
  const { file, inDatabase } = await page.evaluate(async (name) => {
    const ready = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('no reason'));
      });
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('quicprochat');
    const handle = await folder.getFileHandle(`${name}.ring`);
    const file = [...new Uint8Array(await (await handle.getFile()).arrayBuffer())];
    const database = await ready(indexedDB.open(`quicprochat-key:${name}`));
    const keys = await ready(database.transaction('key').objectStore('key').getAllKeys());
    database.close();
    return { file, inDatabase: keys.map(String).filter((key) => key.startsWith('ring')) };
  }, name);
  const bytes = Buffer.from(file).toString('latin1');
  const slots = Array.from({ length: bytes.length / 128 }, (_, n) => bytes.slice(n * 128, (n + 1) * 128));
  const keyIn = (slot: string) => slot.slice(6 + slot.charCodeAt(4)).slice(0, slot.charCodeAt(5));
  const ofGroup = (id: string) => slots.filter((slot) => slot.includes(`ring/${id}/`)).map(keyIn);
  return { inDatabase, bytes, ofGroup };
}
