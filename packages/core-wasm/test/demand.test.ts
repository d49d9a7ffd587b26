import { beforeAll, expect, test } from 'vitest';
import { CoreClient, groupOfRecord, initialize, type StoreRecord, type StoreWrite } from '../src/node.ts';

/** Groups that come into memory and go, and what other processes write, through the border; the cases themselves are crates/core's. */

const SUITE = 0x0003;
const STORE_KEY = new Uint8Array(32).fill(9);
const GROUP_ID = new Uint8Array(16).fill(7);
const OTHER_ID = new Uint8Array(16).fill(8);
const bytes = (words: string) => new TextEncoder().encode(words);

beforeAll(() => initialize());

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as { code: string }).code;
  }
  throw new Error('the call did not throw');
}

/** A store, and the writes of its batches in order. */
class Store {
  readonly #records = new Map<string, StoreWrite & StoreRecord>();

  commit(writes: StoreWrite[]): StoreWrite[] {
    for (const write of writes) {
      const name = write.key.toString();
      if (write.value === undefined) this.#records.delete(name);
      else this.#records.set(name, { ...write, value: write.value });
    }
    return writes;
  }

  own(): StoreRecord[] {
    return [...this.#records.values()].filter(({ group }) => group === undefined);
  }

  of(groupId: Uint8Array): StoreRecord[] {
    return [...this.#records.values()].filter(({ group }) => group?.toString() === groupId.toString());
  }
}

/** Alice with Bob in a group and alone in another; her client and her store. */
function scene() {
  const [alice, bob] = [CoreClient.create('alice', STORE_KEY), CoreClient.create('bob', STORE_KEY)];
  const atAlice = alice.createGroup(GROUP_ID, SUITE, 1_000);
  const { welcome } = atAlice.addMembers(bob.generateKeyPackages(SUITE, 1, 1_000), 1_000);
  atAlice.mergePendingCommit(1_000);
  const atBob = bob.join(welcome!.joiners[0]!, welcome!.shared, 1_000);
  alice.createGroup(OTHER_ID, SUITE, 1_000);
  const store = new Store();
  store.commit(alice.takeWrites());
  return { alice, atAlice, atBob, store };
}

test('writes tell the group of their record, as its key does', () => {
  const { alice } = scene();
  alice.createGroup(new Uint8Array(16).fill(9), SUITE, 1_000);
  const writes = alice.takeWrites();
  for (const { key, group } of writes) expect(groupOfRecord(key)).toEqual(group);
  const scopes = new Set(writes.map(({ group }) => group?.toString()));
  expect(scopes).toEqual(new Set([undefined, new Uint8Array(16).fill(9).toString()]));
});

test('a group is loaded from its records, unloaded, and loaded again', () => {
  const { atAlice, atBob, store } = scene();
  const client = CoreClient.open(STORE_KEY, store.own());
  expect(client.groupIds()).toEqual([GROUP_ID, OTHER_ID]);
  expect(codeOf(() => client.loadGroup(GROUP_ID))).toBe('GROUP_NOT_LOADED');
  expect(codeOf(() => client.loadGroup(GROUP_ID, store.of(OTHER_ID)))).toBe('STORE_ROLLED_BACK');
  expect(client.signAccess(GROUP_ID, bytes('transcript'))).toBeUndefined();
  const group = client.loadGroup(GROUP_ID, store.of(GROUP_ID));
  expect([client.isLoaded(GROUP_ID), client.isLoaded(OTHER_ID)]).toEqual([true, false]);
  expect(group.epochAuthenticator()).toEqual(atAlice.epochAuthenticator());

  expect(group.process(atBob.encrypt(bytes('one'), 2_000), 2_000)).toMatchObject({ kind: 'application' });
  expect(codeOf(() => client.unloadGroup(GROUP_ID))).toBe('BAD_INPUT');
  store.commit(client.takeWrites());
  client.unloadGroup(GROUP_ID);
  expect(client.isLoaded(GROUP_ID)).toBe(false);
  expect(codeOf(() => group.epoch())).toBe('GROUP_NOT_LOADED');
  expect(client.signAccess(GROUP_ID, bytes('transcript'))).toEqual({
    accessKey: atAlice.accessKey(),
    signature: atAlice.signAccess(bytes('transcript')),
  });
  const again = client.loadGroup(GROUP_ID, store.of(GROUP_ID));
  expect(again.process(atBob.encrypt(bytes('two'), 2_000), 2_000)).toMatchObject({ plaintext: bytes('two') });
});

test('a client takes over what another process has written', () => {
  const { alice, atAlice, atBob, store } = scene();
  const client = CoreClient.open(STORE_KEY, store.own());
  const group = client.loadGroup(GROUP_ID, store.of(GROUP_ID));
  const other = client.loadGroup(OTHER_ID, store.of(OTHER_ID));
  const update = atAlice.selfUpdate(2_000);
  atAlice.mergePendingCommit(2_000);
  alice.deleteGroup(OTHER_ID);
  const changes = store.commit(alice.takeWrites());
  const without = (left: StoreWrite | undefined) => changes.filter((change) => change !== left);
  const isErasableKey = ({ key }: StoreWrite) => key[0] === 5;
  const record = changes.find((change) => !isErasableKey(change));
  const newKey = changes.find((change) => isErasableKey(change) && change.value !== undefined);
  expect(codeOf(() => client.takeOver(without(newKey)))).toBe('KEYS_ERASED');
  expect(codeOf(() => client.takeOver(without(record)))).toBe('STORE_ROLLED_BACK');
  expect(group.epoch()).toBe(1n);
  client.takeOver(changes.toReversed());
  expect(group.epochAuthenticator()).toEqual(atAlice.epochAuthenticator());
  expect(codeOf(() => other.epoch())).toBe('GROUP_NOT_FOUND');
  expect(client.groupIds()).toEqual([GROUP_ID]);
  atBob.process(update.commit, 2_000);
  atBob.mergeStagedCommit(2_000);
  expect(atBob.process(group.encrypt(bytes('on'), 2_000), 2_000)).toMatchObject({ plaintext: bytes('on') });
});

test('several messages are encrypted in order, all or none', () => {
  const { alice, atAlice, atBob } = scene();
  const texts = ['one', 'two', 'three'].map(bytes);
  const tooLong = new Uint8Array(65_537);
  expect(codeOf(() => atAlice.encryptAll([...texts, tooLong], 2_000))).toBe('BAD_INPUT');
  expect(alice.takeWrites()).toEqual([]);
  const messages = atAlice.encryptAll(texts, 2_000);
  const heard = messages.map((message) => atBob.process(message, 2_000));
  expect(heard).toMatchObject(texts.map((plaintext) => ({ kind: 'application', plaintext })));
});

test('a Welcome tells its group before it is joined', () => {
  const { atAlice } = scene();
  const carol = CoreClient.create('carol', STORE_KEY);
  const { welcome } = atAlice.addMembers(carol.generateKeyPackages(SUITE, 1, 2_000), 2_000);
  atAlice.mergePendingCommit(2_000);
  carol.takeWrites();
  const { joiners, shared } = welcome!;
  expect(carol.groupOfWelcome(joiners[0]!, shared)).toEqual(GROUP_ID);
  expect(carol.takeWrites()).toEqual([]);
  expect(carol.join(joiners[0]!, shared, 2_000).epoch()).toBe(2n);
});
