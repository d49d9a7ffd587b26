import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, memoryStorage, type Conversation } from '@quicprochat/sdk';
import { DiskWatch, encodingsOf, eventually, type Secrets } from '@quicprochat/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage, type Person } from './browser.ts';

/**
 * Where Chromium keeps what a site stores or loads. The history, titles of tabs and form entries are the browser's own
 * records, and a site cannot seal them.
 */
const PLACES = [
  ...['IndexedDB', 'Local Storage', 'Session Storage', 'WebStorage', 'Service Worker', 'File System'],
  ...['blob_storage', 'Shared Dictionary', 'Cache', 'Code Cache'],
];

/**
 * What a thief of the browser's profile can read without the key. IndexedDB is a LevelDB: each write is appended to a
 * log (`.log`) as it is. When the log has grown to some megabytes, or a browser opens it again, LevelDB sorts it into
 * tables (`.ldb`), whose blocks are compressed. This search does not decompress. So the session is short, the browser
 * is opened once, and the test fails if there is a table. Then the log holds everything that was ever written. Chromium
 * also compresses single values from some 64 KB on: the test fails if there is a row that is larger than what it plants.
 */
const PLANTED_BYTES = 24_000;

describe.skipIf(!hasBrowser)('what the web client leaves in the profile of Chromium', () => {
  const handles = { rita: newHandle(), walt: newHandle() };
  const planted = { 'planted text': `${newHandle()} é ${newHandle()}`, 'planted key': randomBytes(32) };
  let stage: Stage;
  let watch: DiskWatch;
  let rita: Person;
  let walt: Client;
  let largestRow: number;

  beforeAll(async () => {
    const profile = await mkdtemp(join(tmpdir(), 'qpc-profile-'));
    watch = new DiskWatch(join(profile, 'Default'), PLACES);
    stage = await Stage.open();
    for (const [name, handle] of Object.entries(handles)) watch.add(`handle of ${name}`, handle);
    walt = await Client.create({ relay: stage.relay.url, storage: memoryStorage(), handle: handles.walt });
    rita = await stage.personOnDisk(handles.rita, profile);
    await watch.look('registered');
    await talk();
    await changeAndWait();
    largestRow = Math.max(...(await rowsOf(rita.page)).map(({ size }) => size));
    await plant(rita.page, planted);
    await rita.close();
    await watch.look('closed');
  }, 180_000);
  afterAll(async () => {
    await walt.close();
    await stage[Symbol.asyncDispose]();
  });

  test('no text, handle, name or key is in any file, during or after a session', () => {
    expect(watch.report()).toEqual([]);
  });

  test('positive control: every search read the log of IndexedDB, and all that was written is in it', () => {
    for (const moment of ['talked', 'verified', 'waiting', 'closed']) {
      const files = [...(watch.files.get(moment)?.keys() ?? [])].filter((file) =>
        file.startsWith('IndexedDB'),
      );
      expect(files.filter((file) => !/\/(\d+\.log|MANIFEST-\d+|CURRENT|LOCK|LOG)$/.test(file))).toEqual([]);
      const [log] = files.filter((file) => file.endsWith('.log'));
      // As it is in the keys of rows, which IndexedDB keeps in UTF-16.
      expect(watch.marksAt(moment)).toContain(`${log}: id of the conversation as hex as utf-16be`);
    }
  });

  test('positive control: no row is too large for Chromium to store it as it is', () => {
    expect(largestRow).toBeGreaterThan(0);
    expect(largestRow).toBeLessThan(PLANTED_BYTES);
  });

  test.each(Object.entries(planted))(
    'positive control: the same search finds a %s that the page stores, in each form',
    async (name, secret) => {
      const lines = await watch.find({ [name]: secret });
      for (const { name: form } of encodingsOf(secret))
        expect(lines).toContainEqual(
          expect.stringMatching(new RegExp(`^IndexedDB.*: ${name} as ${escaped(form)}$`)),
        );
      for (const place of ['Local Storage', 'Session Storage'])
        expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${place}.*: ${name} as `)));
    },
  );

  test('no page complained', () => {
    expect(stage.complaints).toEqual([]);
  });

  async function talk(): Promise<void> {
    await rita.createConversation(watch.text('first name'), [handles.walt]);
    const ritas = watch.text('text of rita');
    await rita.send(ritas);
    await rita.sees(ritas);
    await rita.page.getByText('Sent', { exact: true }).waitFor();
    const tea = await only(walt);
    watch.mark('id of the conversation', Buffer.from(tea.id, 'hex'));
    for (const { handle, accountKey, deviceId } of tea.security.members) {
      const name = handle === walt.handle ? 'walt' : 'rita';
      watch.add(`account key of ${name}`, accountKey);
      watch.add(`device id of ${name}`, Buffer.from(deviceId, 'hex'));
    }
    const walts = watch.text('text of walt beyond ASCII', ' 🦉 ключ ß ');
    await tea.send(walts);
    await rita.sees(walts);
    await watch.look('talked');
  }

  /** Walt renames it, Rita drafts and verifies Walt, and writes while the relay is away. */
  async function changeAndWait(): Promise<void> {
    const { page } = rita;
    const name = watch.text('new name');
    await (await only(walt)).rename(name);
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.getByRole('button', { name: 'Security' }).click();
    const member = page.getByRole('listitem').filter({ hasText: handles.walt }).last();
    await member.getByText('Safety number').click();
    watch.add('safety number', (await member.locator('p').first().innerText()).replaceAll(' ', ''));
    await member.getByRole('button', { name: 'It matches: mark as verified' }).click();
    await member.getByText('verified', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await watch.look('verified');

    await page.getByLabel('Message', { exact: true }).fill(watch.text('draft'));
    const isDraft = ({ key }: { key: string }) => key.startsWith('draft/');
    await eventually('the draft is stored', async () => (await rowsOf(page)).some(isDraft));
    await stage.relay.stop();
    await rita.send(watch.text('text that waits'));
    await page.getByText('Waiting to be sent').waitFor();
    await watch.look('waiting');
    await stage.relay.start();
    await page.getByText('Waiting to be sent').waitFor({ state: 'detached' });
  }
});

/** Returns the conversation that a client was just added to. */
async function only(client: Client): Promise<Conversation> {
  await eventually('the client is in a conversation', () => client.conversations.list().length === 1);
  return client.conversations.list()[0]!;
}

/** Has the page store secrets in each form: among much other text in IndexedDB, and as texts in the two others. */
async function plant(page: Page, secrets: Secrets): Promise<void> {
  const rows = Object.values(secrets).flatMap((secret) => encodingsOf(secret).map(({ bytes }) => [...bytes]));
  const texts = Object.values(secrets).map((secret) => Buffer.from(secret).toString('base64'));
  await page.evaluate(
    async ([forms, short, size]) => {
      for (const storage of [localStorage, sessionStorage])
        for (const [n, text] of short.entries()) storage.setItem(`planted-${n}`, text);
      const request = indexedDB.open('planted');
      const ended = (target: EventTarget, event: string) =>
        new Promise((resolve) => target.addEventListener(event, resolve, { once: true }));
      request.addEventListener('upgradeneeded', () => request.result.createObjectStore('rows'));
      await ended(request, 'success');
      const transaction = request.result.transaction('rows', 'readwrite', { durability: 'strict' });
      const around = new Uint8Array(size / 2).fill(65);
      for (const [n, form] of forms.entries())
        transaction.objectStore('rows').put(Uint8Array.from([...around, ...form, ...around]), n);
      await ended(transaction, 'complete');
      request.result.close();
    },
    [rows, texts, PLANTED_BYTES] as const,
  );
}

/** Returns the keys of the account's rows, and how many bytes each row has. */
function rowsOf(page: Page): Promise<{ key: string; size: number }[]> {
  return page.evaluate(async () => {
    const ready = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('no reason'));
      });
    const database = await ready(indexedDB.open('quicprochat:account'));
    const rows = database.transaction('rows').objectStore('rows');
    const [keys, values] = await Promise.all([ready(rows.getAllKeys()), ready(rows.getAll())]);
    database.close();
    return keys.map((key, n) => ({ key: key as string, size: (values[n] as Uint8Array).length }));
  });
}

/** Long, so that nothing else contains it, and different in every run. */
function newHandle(): string {
  return `h${randomBytes(13).toString('hex')}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[+.]/g, String.raw`\$&`);
}
