import { expect, test } from 'vitest';
import { WorkerHost } from './host.ts';
import { Session } from './session.ts';
import type { CallData, CallName, CallResult, Request, StoreRecord, StoreWrite } from './protocol.ts';

/** Groups that come into the worker's memory and go, and what other processes write; the cases themselves are crates/core's. */

const WASM = new URL('../../../core-wasm/artefact/quicprochat_wasm_bg.wasm', import.meta.url).href;
const storeKey = new Uint8Array(32).fill(9);
const groupId = new Uint8Array(16).fill(7);
const transcript = new TextEncoder().encode('transcript');
const nowMs = 1_000;

/** A worker, and the store that its writes go to. */
class Worker {
  readonly host = new WorkerHost();
  readonly #records = new Map<string, StoreRecord & { group: Uint8Array | undefined }>();
  lastWrites: StoreWrite[] = [];

  async call<Name extends CallName>(name: Name, data: CallData<Name>): Promise<CallResult<Name>> {
    const response = await this.host.answer({ id: 1, name, data } as Request);
    if (!response.ok) throw new Error(response.error.code);
    this.lastWrites = response.writes;
    for (const { key, value, group } of response.writes) {
      if (value === undefined) this.#records.delete(key.toString());
      else this.#records.set(key.toString(), { key, value, group });
    }
    return response.result as CallResult<Name>;
  }

  records(scope: 'own' | 'group'): StoreRecord[] {
    const all = [...this.#records.values()];
    return all.filter(({ group }) => (group === undefined) === (scope === 'own'));
  }
}

async function create(): Promise<Worker> {
  const worker = new Worker();
  await worker.call('worker.initialize', { wasm: WASM });
  await worker.call('client.create', { handle: 'alice', storeKey });
  await worker.call('group.create', { groupId, suite: 0x0003, nowMs });
  return worker;
}

test('a client opens with its own records, and each group when it is asked for', async () => {
  const first = await create();
  const { epochAuthenticator } = await first.call('group.state', { groupId, knownEpoch: undefined });
  const own = new Worker();
  await own.call('client.open', { storeKey, records: first.records('own') });
  await expect(own.call('group.state', { groupId, knownEpoch: undefined })).rejects.toThrow(
    'GROUP_NOT_LOADED',
  );
  await expect(own.call('group.sign', { groupId, transcript })).rejects.toThrow('GROUP_NOT_LOADED');
  await own.call('group.load', { groupId, records: first.records('group') });
  expect(await own.call('group.state', { groupId, knownEpoch: undefined })).toMatchObject({
    epochAuthenticator,
  });
  const signed = await own.call('group.sign', { groupId, transcript });
  await own.call('group.unload', { groupId });
  await expect(own.call('group.state', { groupId, knownEpoch: undefined })).rejects.toThrow(
    'GROUP_NOT_LOADED',
  );
  expect(await own.call('group.sign', { groupId, transcript })).toEqual(signed);
});

test('a client that cannot be opened leaves the one before it open', async () => {
  const worker = await create();
  const damaged = worker
    .records('own')
    .map(({ key, value }) => ({ key, value: value.with(-1, value.at(-1)! ^ 1) }));
  await expect(worker.call('client.open', { storeKey, records: damaged })).rejects.toThrow('STORE_CORRUPT');
  expect(await worker.call('group.state', { groupId, knownEpoch: undefined })).toMatchObject({ epoch: 0 });
});

test('several messages are one batch, and another worker takes it over', async () => {
  const worker = await create();
  const other = new Worker();
  await other.call('client.open', { storeKey, records: worker.records('own') });
  await other.call('group.load', { groupId, records: worker.records('group') });
  const plaintexts = [1, 2, 3].map((byte) => new Uint8Array([byte]));
  expect(await worker.call('group.encrypt', { groupId, plaintexts, nowMs })).toHaveLength(3);
  const changes = worker.lastWrites;
  await expect(other.call('client.takeOver', { changes: changes.slice(1) })).rejects.toThrow(
    'STORE_ROLLED_BACK',
  );
  await other.call('client.takeOver', { changes });
  const updated = await other.call('group.selfUpdate', { groupId, nowMs });
  expect(updated.epoch).toBe(0);
});

test('the members of a group cross only if its epoch is another than the one that is known', async () => {
  const worker = await create();
  const first = await worker.call('group.state', { groupId, knownEpoch: undefined });
  expect(first.members).toHaveLength(1);
  expect((await worker.call('group.state', { groupId, knownEpoch: 0 })).members).toBeUndefined();
  await worker.call('group.selfUpdate', { groupId, nowMs });
  await worker.call('group.merge', { groupId, nowMs });
  const second = await worker.call('group.state', { groupId, knownEpoch: 0 });
  expect([second.epoch, second.members?.length]).toEqual([1, 1]);
});

test('messages of one sender name it by one object', async () => {
  const [alice, bob] = [await create(), new Worker()];
  await bob.call('client.create', { handle: 'bob', storeKey });
  const made = await bob.call('client.keyPackages', { suite: 0x0003, count: 1, lastResort: false, nowMs });
  const { welcome } = await alice.call('group.add', { groupId, keyPackages: made.keyPackages, nowMs });
  await alice.call('group.merge', { groupId, nowMs });
  const [secrets] = welcome?.joiners ?? [];
  if (welcome === undefined || secrets === undefined) throw new Error('nobody was welcomed');
  await bob.call('group.join', { secrets, shared: welcome.shared, nowMs });
  const plaintexts = [1, 2].map((byte) => new Uint8Array([byte]));
  const messages = await bob.call('group.encrypt', { groupId, plaintexts, nowMs });
  const opened = await alice.call('group.open', { groupId, messages, nowMs });
  const senders = opened.map((one) => (one.kind === 'application' ? one.sender : undefined));
  expect(senders[0]?.handle).toBe('bob');
  expect(senders[1]).toBe(senders[0]);
});

test('a call can tell the state of its group in the same answer', async () => {
  const { host } = await create();
  const report = { groupId, knownEpoch: 0 };
  const updated = await host.answer({ id: 2, name: 'group.selfUpdate', data: { groupId, nowMs }, report });
  expect(updated).toMatchObject({
    ok: true,
    report: { epoch: 0, hasPendingCommit: true, members: undefined },
  });
  const merged = await host.answer({ id: 3, name: 'group.merge', data: { groupId, nowMs }, report });
  expect(merged).toMatchObject({
    report: { epoch: 1, hasPendingCommit: false, members: [{ handle: 'alice' }] },
  });
  expect(await host.answer({ id: 4, name: 'group.clear', data: { groupId } })).toMatchObject({
    report: undefined,
  });
});

test('a call is answered although the core has panicked and refuses everything after it', async () => {
  const session = new Session();
  session.takeWrites = () => {
    throw new Error('poisoned');
  };
  const host = new WorkerHost({ session });
  const request = { id: 1, name: 'client.identity', data: {} } as Request;
  expect(await host.answer(request)).toMatchObject({ id: 1, ok: false, dirty: true });
  expect(await host.answer({ ...request, id: 2 })).toMatchObject({ id: 2, ok: false });
});
