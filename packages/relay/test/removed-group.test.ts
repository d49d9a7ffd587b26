import { randomBytes } from 'node:crypto';
import { newId, newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemsOf, removeGroup } from '../src/index.ts';
import { appendCommit } from '../src/store/append-commit.ts';
import { dayOf } from '../src/store/retention.ts';
import { codeOf } from './support/api.ts';
import { TestBlob } from './support/blob.ts';
import { newFolder, type TestBlobStore } from './support/blob-stores.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let store: TestBlobStore;
let relay: TestRelay;
beforeAll(async () => {
  store = await newFolder();
  relay = await startRelay({ blobs: store.at });
});
afterAll(async () => {
  await relay.close();
  await store.remove();
});

const today = () => dayOf(Date.now());

test('RLY-106 a group that the operator removed is gone with its branches, Welcomes and attachments, and others are not', async () => {
  const device = await new TestDevice(relay.url, 'joiner').register();
  const [group, other] = [await new TestGroup(relay.url).create(), await new TestGroup(relay.url).create()];
  const branch = new TestGroup(relay.url, group.id, [...group.keys]);
  await group.post('text');
  await group.commit({ welcome: welcomeFor(device.id) });
  await branch.commit({ candidate: 1 });
  await branch.post('on the branch');
  await other.commit({ welcome: welcomeFor(device.id) });
  const blob = await new TestBlob(relay.url, group, randomBytes(9)).create();
  const { ticket } = await group.api.groups.openStream.mutate({
    groups: [group.streamInput({ cursor: 2 }), other.streamInput({ cursor: 1 })],
  });
  await using stream = await TestStream.open(relay.url, ticket);
  await stream.take(1);

  expect(await removeGroup(relay.db, group.id, today())).toBe(true);
  const calls = [group, branch].flatMap((of) => [
    () => of.read(),
    () => of.read({ epoch: 0 }),
    () => of.post('more'),
    () => of.commit(),
    () => of.commit({ epoch: 0, candidate: 2 }),
  ]);
  for (const call of calls) expect(await codeOf(call())).toBe('NOT_AUTHORIZED');
  expect(await codeOf(new TestBlob(relay.url, group, randomBytes(9)).create())).toBe('NOT_AUTHORIZED');
  expect((await blob.head()).status).toBe(404);
  const { entries } = await device.api.inbox.read.mutate({ cursor: 0, limit: 9 });
  expect(entries.map(({ groupId }) => groupId)).toEqual([other.id]);
  await other.post('goes on');
  expect(await stream.take(1)).toMatchObject([{ type: 'group-entry', groupId: other.id }]);
  expect(await problemsOf(relay.db)).toEqual([]);
  expect(await removeGroup(relay.db, group.id, today())).toBe(false);
});

test('RLY-106 what is on its way into a group while it is removed is refused, and not stored', async () => {
  const group = await new TestGroup(relay.url).create();
  await removeGroup(relay.db, group.id, today());
  const commit = {
    once: { nonces: [randomBytes(16)], forgottenAtMs: Date.now() + 60_000 },
    groupId: group.id,
    logId: group.id,
    epoch: 0,
    id: newId(),
    candidate: 0,
    payload: randomBytes(9),
    nextAccessKey: newSigner().publicKey,
    welcome: null,
    welcomeExpiresOn: today() + 1,
  };
  expect(await appendCommit(relay.db, commit)).toEqual({ outcome: 'gone' });
});
