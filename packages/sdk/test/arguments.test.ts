import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { findFork } from '../src/log/fork.ts';
import { platform } from '#platform';
import type { Platform, WorkerPort } from '../src/platform/platform.ts';
import { indexedDbStorage } from '../src/storage/indexeddb.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import type { Storage } from '../src/storage/storage.ts';
import { people } from './support/people.ts';

const town = people();

const invalid = { name: 'UsageError', code: 'INVALID_ARGUMENT', retryable: false };
const relay = 'http://localhost:4000';

/** A call as JavaScript may make it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what the types forbid is what is tested
type Untyped = any;

/** What a client opens, and what of it is still open. */
function watched(changes: Partial<Storage> = {}) {
  const open = new Set<string>();
  const counting: Platform = {
    ...platform,
    spawnWorker: (): WorkerPort => {
      const worker = platform.spawnWorker();
      open.add('worker');
      return {
        ...worker,
        terminate: () => {
          open.delete('worker');
          worker.terminate();
        },
      };
    },
  };
  const storage = (): Storage => {
    open.add('storage');
    return {
      ...memoryStorage(),
      onForeignCommit: () => {
        open.add('watcher');
        return () => open.delete('watcher');
      },
      close: async () => void open.delete('storage'),
      ...changes,
    };
  };
  return { open, platform: counting, storage };
}

test.each([
  [undefined],
  [{ relay, handle: 'alice' }],
  [{ relay, storage: {} }],
  [{ relay, storage: 'alice.db' }],
])('Client.create(%j) names the storage that is missing, and opens nothing', async (options) => {
  const { open, platform } = watched();
  const create = Client.create((options && { ...options, platform }) as Untyped);
  await expect(create).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('storage') });
  expect(open).toEqual(new Set());
});

test.each<[string, Record<string, unknown>]>([
  ['no relay', { relay: undefined }],
  ['another protocol', { relay: 'ftp://x' }],
  ['a path', { relay: `${relay}/foo` }],
  ['a query', { relay: `${relay}?foo` }],
  ['a fragment', { relay: `${relay}/#foo` }],
  ['a password', { relay: 'http://alice:secret@localhost:4000' }],
  ['a policy of nothing', { update: { afterMessages: 0 } }],
  ['a policy in words', { update: { afterMs: 'soon' } }],
  ['no signal', { signal: 'stop' }],
  ['no handle', { handle: 7 }],
])('Client.create with %s leaves nothing open', async (_what, options) => {
  const { open, platform, storage } = watched();
  const create = Client.create({ relay, storage: storage(), platform, ...options });
  await expect(create).rejects.toMatchObject(invalid);
  expect(open).toEqual(new Set());
});

test('whatever fails while a client is opened, nothing stays open', async () => {
  const fails = () => {
    throw new Error('no more watchers');
  };
  for (const changes of [{ onForeignCommit: fails }, { generation: fails }, { commit: fails }]) {
    const { open, platform, storage } = watched(changes);
    // A real relay: its time is asked before anything is stored.
    const { url } = town.relay();
    const create = Client.create({ relay: url, handle: 'unlucky', storage: storage(), platform });
    await expect(create).rejects.toThrow('no more watchers');
    expect(open).toEqual(new Set());
  }
});

test('of a storage that cannot be opened and an address that is none, neither fails unheard', async () => {
  const storage = Promise.reject(new Error('no such storage'));
  await expect(Client.create({ relay: 'nonsense', storage })).rejects.toThrow('no such storage');
});

test('a lone slash after the address is none too many', async () => {
  const alice = await town.join('alice', { relay: `${town.relay().url}/` });
  expect(alice.relay).toBe(town.relay().url);
});

test('every method refuses what is not of its form, before it does anything', async () => {
  const alice = await town.join('alice');
  const tea = await alice.conversations.create({ members: [] });
  const { conversations, contacts } = alice as Untyped;
  const { members } = tea as Untyped;
  const untyped = tea as Untyped;
  const signal = 'stop';

  const calls: Record<string, () => unknown> = {
    'sqliteStorage()': () => (sqliteStorage as Untyped)(),
    "sqliteStorage('')": () => sqliteStorage(''),
    'indexedDbStorage()': () => (indexedDbStorage as Untyped)(),
    'sync(null)': () => (alice as Untyped).sync(null),
    'subscribe()': () => (alice as Untyped).subscribe(),
    'conversations.create()': () => conversations.create(),
    'conversations.create({})': () => conversations.create({}),
    'conversations.create of a string': () => conversations.create({ members: 'bobby' }),
    'conversations.create with no suite': () => conversations.create({ members: [], suite: 2 }),
    'conversations.create with no name': () => conversations.create({ members: [], name: 7 }),
    'members.add()': () => members.add(),
    'members.add of a string': () => members.add('bobby'),
    'members.add of nobody': () => members.add([undefined]),
    'members.remove()': () => members.remove(),
    'members.remove of a string': () => members.remove(alice.handle),
    'send()': () => untyped.send(),
    'send with no signal': () => untyped.send('tea?', { signal }),
    'rename()': () => untyped.rename(),
    'rename with no signal': () => untyped.rename('Tea', { signal }),
    'heal with no signal': () => untyped.heal({ signal }),
    'leave with no signal': () => untyped.leave({ signal }),
    'history of fewer than none': () => tea.history({ limit: -1 }),
    'history of half a line': () => tea.history({ limit: 0.5 }),
    'history(null)': () => untyped.history(null),
    'history before no number': () => tea.history({ before: NaN }),
    'messages(null)': () => untyped.messages(null),
    'messages with no signal': () => untyped.messages({ signal }),
    'markRead()': () => untyped.markRead(),
    'setDraft()': () => untyped.setDraft(),
    'contacts.verify without a number': () => contacts.verify(alice.handle),
    'contacts.verify with a verdict': () => contacts.verify(alice.handle, true),
    'contacts.verify with too few digits': () => contacts.verify(alice.handle, { safetyNumber: '1234' }),
    'contacts.reject without a number': () => contacts.reject(alice.handle),
    'contacts.unverify()': () => contacts.unverify(),
    'contacts.safetyNumber()': () => contacts.safetyNumber(),
    'findFork()': () => (findFork as Untyped)(),
    'findFork of anything': () => (findFork as Untyped)([{}]),
  };
  for (const [call, make] of Object.entries(calls)) {
    await expect((async () => make())(), `${call} is refused as an argument`).rejects.toMatchObject(invalid);
  }
  expect(alice.conversations.list()).toEqual([tea]);
  expect([tea.state, tea.epoch, tea.name, await tea.history()]).toEqual(['active', 0, '', []]);
});

test('who names only herself is told, and named beside others she is passed over', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await expect(alice.conversations.create({ members: [alice.handle, alice.handle] })).rejects.toMatchObject(
    invalid,
  );
  expect(alice.conversations.list()).toEqual([]);
  const tea = await alice.conversations.create({ members: [alice.handle, bob.handle] });
  expect(tea.members.list().map(({ handle }) => handle)).toEqual([alice.handle, bob.handle]);
  await expect(tea.members.add([alice.handle])).rejects.toMatchObject(invalid);
});

test('members in a string are told that a list is wanted, and nobody is looked up', async () => {
  const alice = await town.join('alice');
  const create = alice.conversations.create({ members: 'bobby' as Untyped });
  await expect(create).rejects.toMatchObject({ message: expect.stringContaining('an array of handles') });
});
