import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage } from './browser.ts';

/** Writes another version into the header of the account's store, as that version does, and tells all tabs. */
function writeVersion(page: Page, step: number): Promise<void> {
  return page.evaluate(async (difference) => {
    const ready = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('no reason'));
      });
    const database = await ready(indexedDB.open('quicprochat:account'));
    const transaction = database.transaction(['rows', 'meta'], 'readwrite');
    const [rows, meta] = [transaction.objectStore('rows'), transaction.objectStore('meta')];
    const header = (await ready(rows.get('store/header'))) as Uint8Array;
    const before = JSON.parse(new TextDecoder().decode(header.subarray(1))) as { version: number };
    const json = new TextEncoder().encode(
      JSON.stringify({ ...before, version: before.version + difference }),
    );
    const generation = (await ready(meta.get('generation'))) as number;
    rows.put(new Uint8Array([1, ...json]), 'store/header');
    meta.put(generation + 1, 'generation');
    await new Promise((resolve) => transaction.addEventListener('complete', resolve));
    database.close();
    const channel = new BroadcastChannel('quicprochat:account');
    channel.postMessage('committed');
    channel.close();
  }, step);
}

describe.skipIf(!hasBrowser)('a tab that is open while a newer version takes the store over', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  test('stops, offers a reload, and keeps what was typed over it', async () => {
    await stage.person('otto');
    const mara = await stage.person('mara');
    await mara.createConversation('Harbour', ['otto']);
    await mara.send('from before');
    await mara.sees('from before');
    const { page } = mara;
    const box = page.getByLabel('Message', { exact: true });

    await writeVersion(page, 1);
    const banner = page.getByRole('status').filter({ hasText: 'This tab has stopped.' });
    await banner.waitFor();
    expect(await mara.sees('from before')).toBe(1);
    await box.fill('half a sentence');
    await mara.send('and all of it');
    await page.getByRole('alert').getByText('A newer version of quicprochat').waitFor();
    expect(await box.inputValue()).toBe('and all of it');

    // What is loaded next is the version that wrote the store.
    await writeVersion(page, -1);
    await banner.getByRole('button', { name: 'Reload' }).click();
    await banner.waitFor({ state: 'detached' });
    await page.getByText('Connected').waitFor();
    expect(await box.inputValue()).toBe('and all of it');
    await expect.poll(() => page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.reload();
    await page.getByText('Connected').waitFor();
    expect(await box.inputValue()).toBe('and all of it');
    await page.keyboard.press('Enter');
    expect(await mara.sees('and all of it')).toBe(1);
    expect(stage.complaints).toEqual([]);
  });

  test('a page that is itself too old for the store offers a reload', async () => {
    const nora = await stage.person('nora');
    await writeVersion(nora.page, 1);
    await nora.page.reload();
    await nora.page.getByRole('heading', { name: 'Your account could not be opened' }).waitFor();
    await writeVersion(nora.page, -1);
    await nora.page.getByRole('button', { name: 'Reload' }).click();
    await nora.page.getByText('Connected').waitFor();
  });
});
