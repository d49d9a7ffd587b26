import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskWatch, encodingsOf } from '@quicprochat/testkit';
import { beforeAll, expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { impostorOf } from './support/impostor.ts';
import { people, same, syncAll } from './support/people.ts';

/**
 * What a thief of the files alone can read. The stores of three people are searched while they are open, with their
 * write-ahead logs, and after they are closed. Ids of conversations are random and stay readable in the keys of
 * rows: by them the test knows that it reads the right files.
 */
const town = people();
const NAMES = ['alice', 'bob', 'carol'] as const;
const OPEN_FILES = ['device.db', 'device.db-shm', 'device.db-wal', 'device.db.key', 'device.db.ring'];

let folder: string;
let watch: DiskWatch;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qpc-at-rest-'));
  watch = new DiskWatch(folder);
  await session();
}, 180_000);

test('no text, handle, name or key is in any file, during or after a session', () => {
  expect(watch.report()).toEqual([]);
});

test.runIf(process.platform !== 'win32')('all files are for their owner alone, at every moment', () => {
  const files = [...watch.files].flatMap(([moment, states]) =>
    [...states].map(([file, { mode }]) => ({ moment, file, mode })),
  );
  expect(files.map(({ file }) => file)).toEqual(expect.arrayContaining(filesOf(NAMES, OPEN_FILES)));
  expect(files.filter(({ mode }) => mode !== '600')).toEqual([]);
});

test('positive control: every search read each file, and each log when it was not empty', () => {
  const moments = ['talked', 'renamed', 'waiting', 'verified', 'failed', 'left', 'key changed'];
  for (const moment of moments) {
    const files = watch.files.get(moment);
    expect([...(files?.keys() ?? [])]).toEqual(expect.arrayContaining(filesOf(NAMES, OPEN_FILES)));
  }
  // A commit that ends an epoch empties the log.
  for (const log of filesOf(NAMES, ['device.db-wal'])) {
    const read = moments.filter((moment) => watch.marksAt(moment).includes(`${log}: id of tea as hex`));
    expect(read.length, log).toBeGreaterThan(1);
  }
  for (const ring of filesOf(NAMES, ['device.db.ring']))
    expect(watch.marksAt('talked')).toContain(`${ring}: id of tea as hex`);
  const atLast = [...(watch.files.get('closed again')?.keys() ?? [])];
  expect(atLast).toEqual(expect.arrayContaining(filesOf(NAMES, ['device.db', 'device.db.key'])));
  for (const database of filesOf(NAMES, ['device.db']))
    expect(watch.marksAt('closed again')).toContain(`${database}: id of tea as hex`);
});

test('positive control: the same search finds each secret, in each form, beside the databases', async () => {
  const planted = join(folder, 'planted');
  await mkdir(planted);
  const expected: string[] = [];
  for (const [index, [name, secret]] of Object.entries(watch.secrets).entries()) {
    for (const [n, form] of encodingsOf(secret).entries()) {
      const file = join('planted', `${index}-${n}`);
      const content = Buffer.concat([randomBytes(37), form.bytes, randomBytes(37)]);
      await writeFile(join(folder, file), content);
      expected.push(`${file}: ${name} as ${form.name}`);
    }
  }
  const found = new Set(await watch.find(watch.secrets));
  expect(expected.length).toBeGreaterThan(500);
  expect(expected.filter((line) => !found.has(line))).toEqual([]);
});

async function session(): Promise<void> {
  const [alice, bob, carol] = [await settle('alice'), await settle('bob'), await settle('carol')];
  await watch.look('registered');
  const nameNow = await talk(alice, bob, carol);
  await fallOut(alice, bob, carol);

  const impostor = await impostorOf(bob, town);
  watch.add('changed account key of bob', impostor.accountKey);
  const create = alice.conversations.create({ members: [bob.handle] });
  await expect(create).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
  expect(alice.contacts.hasChanged(bob.handle)).toBe(true);
  await watch.look('key changed');

  for (const client of [alice, bob, carol]) await client.close();
  await watch.look('closed');
  const again = await town.open({ storage: sqliteStorage(pathOf('alice')) });
  await again.conversations.find(nameNow).send(watch.text('text after opening again'));
  await watch.look('opened again');
  await again.close();
  await watch.look('closed again');
}

/** They talk, rename, draft, write while the relay is away, and compare safety numbers. Returns the new name. */
async function talk(alice: Client, bob: Client, carol: Client): Promise<string> {
  const members = [bob.handle, carol.handle];
  const tea = await alice.conversations.create({ name: watch.text('first name'), members });
  watch.mark('id of tea', Buffer.from(tea.id, 'hex'));
  await syncAll(alice, bob, carol);
  await tea.send(watch.text('text of alice'));
  await same(bob, tea).send(watch.text('text of bob beyond ASCII', ' 🦉 ключ ß '));
  await same(carol, tea).send(watch.text('text of carol to be escaped', ' "é"\n\\ '));
  await syncAll(alice, bob, carol);
  await watch.look('talked');

  const newName = watch.text('new name');
  await tea.rename(newName);
  await tea.setDraft(watch.text('first draft'));
  await watch.look('renamed');
  await tea.setDraft(watch.text('second draft'));
  await syncAll(alice, bob, carol);
  expect(same(bob, tea).name).toBe(newName);

  await town.relay().stop();
  const sending = tea.send(watch.text('text that waits'));
  await expect(sending).rejects.toMatchObject({ code: 'NETWORK', details: { queued: true } });
  await watch.look('waiting');
  await town.relay().start();
  await tea.setDraft('');
  await syncAll(alice, bob, carol);

  const safetyNumber = await alice.contacts.safetyNumber(bob.handle);
  watch.add('safety number', safetyNumber);
  await alice.contacts.verify(bob.handle, { safetyNumber });
  await watch.look('verified');
  return newName;
}

/** In a second conversation Bob is removed while he writes, and Carol leaves. */
async function fallOut(alice: Client, bob: Client, carol: Client): Promise<void> {
  const members = [bob.handle, carol.handle];
  const side = await alice.conversations.create({ name: watch.text('name of the second'), members });
  watch.mark('id of side', Buffer.from(side.id, 'hex'));
  await syncAll(alice, bob, carol);
  await same(bob, side).setDraft(watch.text('draft that ends with the conversation'));
  await town.relay().stop();
  const offline = { code: 'NETWORK', details: { queued: true } };
  await expect(side.members.remove([bob.handle])).rejects.toMatchObject(offline);
  await expect(same(bob, side).send(watch.text('text that fails'))).rejects.toMatchObject(offline);
  await watch.look('removing');
  await town.relay().start();
  await syncAll(alice, bob, carol);
  const [failed] = (await same(bob, side).history()).filter(({ content }) => content.type === 'text');
  expect([same(bob, side).state, failed?.state]).toEqual(['removed', 'failed']);
  await watch.look('failed');

  await same(carol, side).leave();
  await watch.look('leaving');
  await syncAll(alice, carol);
  expect(same(carol, side).state).toBe('left');
  await watch.look('left');
}

/** A person whose store is in a folder of their own, and whose name and keys are secrets. */
async function settle(name: (typeof NAMES)[number]): Promise<Client> {
  await mkdir(join(folder, name));
  const handle = `h${randomBytes(13).toString('hex')}`;
  watch.add(`handle of ${name}`, handle);
  const client = await town.open({ handle, storage: sqliteStorage(pathOf(name)) });
  watch.add(`account key of ${name}`, client.accountKey);
  watch.add(`device id of ${name}`, Buffer.from(client.deviceId, 'hex'));
  return client;
}

function pathOf(name: string): string {
  return join(folder, name, 'device.db');
}

function filesOf(names: readonly string[], files: readonly string[]): string[] {
  return names.flatMap((name) => files.map((file) => join(name, file)));
}
