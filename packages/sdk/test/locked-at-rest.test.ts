import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskWatch, encodingsOf } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { people } from './support/people.ts';

const town = people();
const cost = { memoryKib: 64, passes: 1 };

test('once a storage is locked, no file has its key or passphrase, while it is open or after', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-locked-'));
  const watch = new DiskWatch(folder);
  const client = await town.joinIn(folder, 'alice');
  const storeKey = new Uint8Array(await readFile(join(folder, 'device.db.key')));
  watch.add('store key', storeKey);
  const [first, second] = [watch.text('first passphrase'), watch.text('second passphrase')];
  // Positive control: the search reads the key file.
  expect(await watch.find(watch.secrets)).toEqual(['device.db.key: store key as raw']);

  const { id } = await client.keys.addPassphrase(first, { cost });
  // With the file slot beside it, the key is in the document.
  expect(await watch.find(watch.secrets)).toContainEqual(
    expect.stringMatching(/^device\.db\.key: store key as base64(url)?\+0$/),
  );
  await client.keys.remove('file');
  await watch.look('locked');
  await client.keys.change(id, { passphrase: second, cost });
  await watch.look('changed');
  await client.conversations.create({ name: 'Tea', members: [(await town.join('bob')).handle] });
  await watch.look('used');
  await client.close();
  await watch.look('closed');
  const storage = sqliteStorage(join(folder, 'device.db'));
  const again = await town.open({ storage, unlock: { passphrase: second } });
  await watch.look('opened again');
  await again.close();
  await watch.look('closed again');
  expect(watch.report()).toEqual([]);
  expect([...(watch.files.get('used')?.keys() ?? [])]).toEqual(
    expect.arrayContaining(['device.db', 'device.db-wal', 'device.db.key']),
  );

  // Positive control: the same search finds the key and the passphrases in each form.
  const planted: string[] = [];
  for (const [n, [name, secret]] of Object.entries(watch.secrets).entries())
    for (const [m, form] of encodingsOf(secret).entries()) {
      await writeFile(join(folder, `${n}-${m}`), Buffer.concat([randomBytes(9), form.bytes, randomBytes(9)]));
      planted.push(`${n}-${m}: ${name} as ${form.name}`);
    }
  expect(planted.length).toBeGreaterThan(50);
  expect(await watch.find(watch.secrets)).toEqual(expect.arrayContaining(planted));
});
