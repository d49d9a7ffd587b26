import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hex } from '@scure/base';
import Sqlite from 'better-sqlite3';
import { platform } from '#platform';
import { expect, test } from 'vitest';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

test('who was removed and added again while away comes back in', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.members.remove([bob.handle]);
  await tea.members.add([bob.handle]);
  await tea.send('welcome back');
  await syncAll(bob);
  expect(same(bob, tea).state).toBe('active');
  expect(await textsOf(same(bob, tea))).toEqual(['welcome back']);
});

/** A platform that gives the next conversation of its client this id, once it is armed. */
function withId(id: string) {
  let isArmed = false;
  const bytes = (length: number): Uint8Array<ArrayBuffer> => {
    if (!isArmed || length !== 16) return platform.random.bytes(length);
    isArmed = false;
    return new Uint8Array(hex.decode(id));
  };
  const arm = () => {
    isArmed = true;
  };
  return { arm, platform: { ...platform, random: { ...platform.random, bytes } } };
}

test('a stranger and a hostile relay cannot take a stuck conversation over, nor get what waits in it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-device-'));
  const [alice, bob] = [await town.join('alice'), await town.joinIn(folder, 'bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  // Who has a copy of his device makes a change in his name, which he cannot follow.
  await same(await town.steal(folder), tea).heal();
  const database = new Sqlite(join(town.relay().folder, 'relay.db'), { timeout: 5_000 });
  await expect(same(bob, tea).send('for alice alone')).rejects.toMatchObject({ code: 'CONVERSATION_STUCK' });
  expect(same(bob, tea).state).toBe('stuck');

  // Then it forgets the group, and lets Mallory make another of the same id.
  for (const table of ['entries', 'epochs', 'logs'])
    database.prepare(`DELETE FROM ${table} WHERE log_id = ?`).run(tea.id);
  database.close();
  const evil = withId(tea.id);
  const mallory = await town.join('mallory', { platform: evil.platform });
  await syncAll(mallory, bob);
  evil.arm();
  const fake = await mallory.conversations.create({ members: [] });
  expect(fake.id).toBe(tea.id);
  await fake.heal();
  await fake.members.add([bob.handle]);
  await syncAll(bob, mallory, bob);
  expect(same(bob, tea).state).toBe('stuck');
  expect(await textsOf(fake)).toEqual([]);
});
