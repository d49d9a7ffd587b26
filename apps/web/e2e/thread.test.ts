import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { hasBrowser, Stage, type Person } from './browser.ts';

const NOTICE = 'Files and pictures cannot be sent yet.';

describe.skipIf(!hasBrowser)('writing and reading in Chromium', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    // Somebody to share conversations with, in tests where one person is enough.
    await stage.person('zoe');
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  test('addresses, code and emphasis are elements, and an address opens beside the page', async () => {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    await alice.createConversation('Links', ['bob']);
    await bob.openConversation('Links');
    const address = `${stage.relay.url}/livez`;
    await alice.send(`see ${address} and \`code\` **now**`);
    const link = bob.page.getByRole('log').getByRole('link', { name: address });
    await link.waitFor();
    expect(await bob.page.getByRole('log').locator('code').innerText()).toBe('code');
    expect(await bob.page.getByRole('log').locator('strong').innerText()).toBe('now');

    const opened = bob.page.context().waitForEvent('page');
    await link.click();
    const other = await opened;
    await other.waitForURL(address);
    expect(await other.evaluate(() => [opener, document.referrer])).toEqual([null, '']);
    await other.close();
    expect(bob.page.url()).toContain(stage.url);
  });

  test('a hostile message of any size leaves the page usable', async () => {
    const [carol, dan] = [await stage.person('carol'), await stage.person('dan')];
    await carol.createConversation('Hostile', ['dan']);
    await dan.openConversation('Hostile');
    for (const text of [
      '*'.repeat(10_000) + 'a' + '*'.repeat(10_000),
      '😀'.repeat(10_000),
      '> '.repeat(8_000),
    ])
      await carol.send(text);
    await carol.send('after all of that');
    await dan.sees('after all of that');
    await dan.send('still here');
    await carol.sees('still here');
  });

  test('a name that hides or turns its letters is written out wherever it is shown', async () => {
    const [emil, fanny] = [await stage.person('emil'), await stage.person('fanny')];
    const shown = '[U+202E]yenom[U+200B]';
    await emil.createConversation('Plain', ['fanny']);
    await fanny.openConversation('Plain');
    await emil.page.getByRole('button', { name: 'People' }).click();
    await emil.page.getByLabel('Name of the conversation').fill('\u202eyenom\u200b');
    await emil.page.getByRole('button', { name: 'Rename' }).click();
    await fanny.page.getByRole('heading', { level: 1, name: shown }).waitFor();
    await fanny.page.getByRole('navigation').getByText(shown, { exact: true }).waitFor();
    await fanny.page.getByRole('log').getByText(shown).waitFor();
  });

  test('a draft survives a reload, and is in none of the page’s plain stores', async () => {
    const gerd = await stage.person('gerd');
    await gerd.createConversation('First', ['zoe']);
    await gerd.createConversation('Second', ['zoe']);
    await boxOf(gerd.page).fill('canary: unsent\nand more');
    await expect.poll(() => storedDrafts(gerd.page)).toBe(1);
    await gerd.page.reload();
    await expect.poll(() => boxOf(gerd.page).inputValue()).toBe('canary: unsent\nand more');
    expect(await gerd.page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain(
      'canary',
    );
    await gerd.openConversation('First');
    expect(await boxOf(gerd.page).inputValue()).toBe('');
    await gerd.openConversation('Second');
    expect(await boxOf(gerd.page).inputValue()).toBe('canary: unsent\nand more');

    const second = await gerd.openTab();
    await gerd.openConversation('Second', second);
    await boxOf(second).blur();
    await boxOf(gerd.page).fill('canary: changed');
    await expect.poll(() => boxOf(second).inputValue()).toBe('canary: changed');
    await gerd.page.keyboard.press('Enter');
    await gerd.sees('canary: changed');
    await expect.poll(() => boxOf(second).inputValue()).toBe('');
    await expect.poll(() => storedDrafts(gerd.page)).toBe(0);
    await gerd.page.reload();
    await gerd.sees('canary: changed');
    expect(await boxOf(gerd.page).inputValue()).toBe('');
  });

  test('a dropped file opens nothing, and is said not to be sent', async () => {
    const hugo = await stage.person('hugo');
    await hugo.createConversation('Files', ['zoe']);
    const file = join(await mkdtemp(join(tmpdir(), 'qpc-drop-')), 'cat.html');
    await writeFile(file, '<title>not the messenger</title>');
    const address = hugo.page.url();
    for (const place of [hugo.page.getByRole('log'), boxOf(hugo.page), hugo.page.getByRole('navigation')]) {
      await dropFile(hugo.page, place, file);
      await hugo.page.getByRole('status').getByText(NOTICE).waitFor();
      await hugo.page.getByRole('button', { name: 'Close this notice' }).click();
    }
    expect(hugo.page.context().pages()).toHaveLength(1);
    expect(hugo.page.url()).toBe(address);
    await hugo.send('still here');
    await hugo.sees('still here');
  });

  test('a pasted picture is said not to be sent, and text is pasted as ever', async () => {
    const ida = await stage.person('ida');
    await ida.createConversation('Pictures', ['zoe']);
    await ida.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await copyPicture(ida);
    await boxOf(ida.page).press('Control+v');
    await ida.page.getByRole('status').getByText(NOTICE).waitFor();
    await ida.page.evaluate(() => navigator.clipboard.writeText('in words'));
    await boxOf(ida.page).press('Control+v');
    expect(await boxOf(ida.page).inputValue()).toBe('in words');
    await ida.page.getByText(NOTICE).waitFor({ state: 'detached' });
  });

  test('through all of that no page broke its policy or complained', () => {
    expect(stage.complaints).toEqual([]);
  });
});

function boxOf(page: Page) {
  return page.getByLabel('Message', { exact: true });
}

/** How many drafts the SDK's store holds, in which the history lies too. */
function storedDrafts(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('quicprochat:account');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(new Error('the store cannot be opened'));
    });
    const keys = database
      .transaction('rows')
      .objectStore('rows')
      .getAllKeys(IDBKeyRange.bound('draft/', 'draft0'));
    const count = await new Promise<number>((resolve, reject) => {
      keys.onsuccess = () => resolve(keys.result.length);
      keys.onerror = () => reject(new Error('the store cannot be read'));
    });
    database.close();
    return count;
  });
}

/** As from the desktop: the browser itself handles what the page does not. */
async function dropFile(page: Page, place: ReturnType<Page['locator']>, file: string): Promise<void> {
  const bounds = await place.boundingBox();
  if (bounds === null) throw new Error('the place is not on the screen');
  const devtools = await page.context().newCDPSession(page);
  const at = { x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2 };
  const data = { items: [], files: [file], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, ...at, data });
  await devtools.detach();
}

function copyPicture({ page }: Person): Promise<void> {
  return page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    const picture = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (picture === null) throw new Error('no picture was made');
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
  });
}
