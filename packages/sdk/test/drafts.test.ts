import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { openedRows } from './support/opened.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

test('keeps a draft in the store, over a restart, and sends nothing of it', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-draft-')), 'device.db');
  const first = await town.join('alice', { storage: sqliteStorage(path) });
  const bob = await town.join('bob');
  const tea = await first.conversations.create({ members: [bob.handle] });
  expect(tea.draft).toBe('');
  await tea.setDraft('Shall we\n…');
  expect(tea.draft).toBe('Shall we\n…');
  await first.close();

  const second = await town.open({ storage: sqliteStorage(path) });
  expect(same(second, tea).draft).toBe('Shall we\n…');
  await syncAll(second, bob);
  expect(await textsOf(same(bob, tea))).toEqual([]);
  expect(same(bob, tea).draft).toBe('');

  await same(second, tea).setDraft('');
  expect(same(second, tea).draft).toBe('');
  await second.close();
  const third = await town.open({ storage: sqliteStorage(path) });
  expect(same(third, tea).draft).toBe('');
});

test('keeps the drafts of conversations apart, and sending leaves them alone', async () => {
  const alice = await town.join('alice');
  const [tea, garden] = [
    await alice.conversations.create({ name: 'Tea', members: [] }),
    await alice.conversations.create({ name: 'Garden', members: [] }),
  ];
  await tea.setDraft('about tea');
  await garden.setDraft('about the garden');
  await tea.send('something else');
  expect([tea.draft, garden.draft]).toEqual(['about tea', 'about the garden']);
});

test('shows a draft to the other tab, and the last writer wins', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-draft-')), 'device.db');
  const left = await town.join('alice', { storage: sqliteStorage(path) });
  const tea = await left.conversations.create({ members: [] });
  const right = await town.open({ storage: sqliteStorage(path) });
  const before = same(right, tea).version;
  await tea.setDraft('left');
  await eventually('the other tab sees it', () => same(right, tea).draft === 'left');
  expect(same(right, tea).version).toBeGreaterThan(before);
  await same(right, tea).setDraft('right');
  await eventually('the first tab sees it', () => tea.draft === 'right');
});

test('writes nothing if the draft is the one that is kept', async () => {
  const storage = memoryStorage();
  const alice = await town.join('alice', { storage });
  const tea = await alice.conversations.create({ members: [] });
  await tea.setDraft('tea');
  const generation = await storage.generation();
  await tea.setDraft('tea');
  expect(await storage.generation()).toBe(generation);
});

test.each(['leaves', 'leaves alone', 'is removed'])(
  'deletes the draft of a person who %s, and keeps no new one',
  async (how) => {
    const storage = memoryStorage();
    const alice = await town.join('alice', { storage });
    const bob = await town.join('bob');
    await syncAll(alice, bob);
    const tea = await alice.conversations.create({ members: how === 'leaves alone' ? [] : [bob.handle] });
    await syncAll(bob, alice);
    await tea.setDraft('canary: never sent');
    if (how === 'is removed') {
      await same(bob, tea).members.remove([alice.handle]);
      await alice.sync();
    } else {
      await tea.leave();
    }
    expect(tea.state).not.toBe('active');
    expect(tea.draft).toBe('');
    await expect(tea.setDraft('canary: too late')).rejects.toMatchObject({ code: 'CONVERSATION_ENDED' });
    await tea.setDraft('');
    const rows = await openedRows(storage);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ value }) => new TextDecoder().decode(value).includes('canary'))).toEqual([]);
  },
);

test('refuses a draft that is too long to be sent, and keeps the one before it', async () => {
  const alice = await town.join('alice');
  const tea = await alice.conversations.create({ members: [] });
  await tea.setDraft('short');
  await expect(tea.setDraft('ä'.repeat(32_769))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  expect(tea.draft).toBe('short');
  await tea.setDraft('ä'.repeat(32_768));
});
