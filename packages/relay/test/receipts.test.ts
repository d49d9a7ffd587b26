import {
  FIRST_HEAD,
  fromBase64Url,
  receiptTranscript,
  toBase64Url,
  type GroupEntry,
  type Receipt,
} from '@quicprochat/protocol';
import { newId, newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodePlatform } from '../src/index.ts';
import { isSignedBy } from '../src/proof/signatures.ts';
import { apiOf } from './support/api.ts';
import { TestGroup } from './support/group.ts';
import { headOf } from './support/heads.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay;
let receiptKey: Uint8Array;
beforeAll(async () => {
  relay = await startRelay();
  receiptKey = fromBase64Url((await apiOf(relay.url).receipts.key.mutate({})).receiptKey);
});
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();
async function expectSigned(groupId: string, receipt: Receipt | undefined): Promise<void> {
  const { branch, sequence, head, signature } = receipt ?? expect.unreachable();
  const transcript = receiptTranscript(groupId, { branch, sequence, head: fromBase64Url(head) });
  expect(await isSignedBy(nodePlatform, receiptKey, transcript, fromBase64Url(signature))).toBe(true);
}

test('RLY-52 a reader works out the head of a page from its entries, and the relay has signed it', async () => {
  const group = await newGroup();
  for (const text of ['a', 'b']) await group.post(text);
  await group.commit();
  await group.post('c');
  const page = await group.read();
  const { before, after } = page.receipts;
  expect(before).toMatchObject({ branch: '', sequence: 0, head: toBase64Url(FIRST_HEAD) });
  expect(after).toMatchObject({ branch: '', sequence: 4 });
  expect(after.head).toBe(toBase64Url(headOf(page.entries)));
  await expectSigned(group.id, before);
  await expectSigned(group.id, after);
});

test('RLY-52 whatever a reader is told of an entry is in its head', async () => {
  const group = await newGroup();
  await group.post('a');
  await group.commit();
  const [message, commit] = (await group.read()).entries;
  if (message?.kind !== 'message' || commit?.kind !== 'commit') return expect.unreachable();
  const other = toBase64Url(newSigner().publicKey);
  const changes: GroupEntry[] = [
    { ...message, payload: toBase64Url(Buffer.from('b')) },
    { ...message, id: newId() },
    { ...message, epoch: 1 },
    { ...message, sequence: 2 },
    { ...commit, kind: 'message' },
    { ...commit, candidate: 1 },
    { ...commit, nextAccessKey: other },
  ];
  const heads = [message, commit, ...changes].map((entry) => toBase64Url(headOf([entry])));
  expect(new Set(heads).size).toBe(heads.length);
});

test('RLY-52 a write and the last of what a stream reads at once come with the receipt that a page has', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  const accepted = await group.api.groups.post.mutate(group.message());
  const { after } = (await group.read()).receipts;
  expect(accepted.receipt).toEqual(after);
  await using stream = await TestStream.open(relay.url, ticket);
  const [, event] = await stream.take(2);
  expect(event).toMatchObject({ type: 'group-entry', receipt: after });
});

test('RLY-52 an empty page has the receipt of where it stands', async () => {
  const group = await newGroup();
  await group.post('a');
  const { before, after } = (await group.read({ cursor: 1 })).receipts;
  expect(before).toEqual(after);
  expect(after.sequence).toBe(1);
});

test('RLY-53 a place has one head, by whatever page one comes to it', async () => {
  const group = await newGroup();
  for (let i = 0; i < 6; i += 1) await group.post(String(i));
  const { receipts } = await group.read({ cursor: 0, limit: 3 });
  expect((await group.read({ cursor: 3, limit: 2 })).receipts.before).toEqual(receipts.after);
  expect((await group.read({ cursor: 1, limit: 2 })).receipts.after).toEqual(receipts.after);
});

test('RLY-43 RLY-53 a repeated write gets its first receipt', async () => {
  const group = await newGroup();
  const message = { id: newId(), payload: Buffer.from('once') };
  const first = await group.api.groups.post.mutate(group.message(message));
  await group.post('more');
  expect(await group.api.groups.post.mutate(group.message(message))).toEqual(first);
});

test('RLY-47 RLY-53 candidates of one epoch are different lines, and no fork', async () => {
  const group = await newGroup();
  await group.post('before');
  const first = await group.api.groups.commit.mutate(group.commitInput());
  const second = await group.api.groups.commit.mutate(group.commitInput({ candidate: 1 }));
  const nextKey = newSigner();
  await group.api.groups.commit.mutate(group.commitInput({ candidate: 2, nextKey }));
  expect([first.receipt.branch, second.receipt.branch]).toEqual(['', '2.1']);
  const { entry, receipts } = await group.candidate(2);
  expect(receipts).toMatchObject({
    before: { branch: '', sequence: 1 },
    after: { branch: '2.2', sequence: 2 },
  });
  if (entry === null || receipts === null) return expect.unreachable();
  expect(receipts.after.head).toBe(toBase64Url(headOf([entry], fromBase64Url(receipts.before.head))));
  group.keys.push(nextKey);
  await group.post('after');
  const [base, line] = [await group.read(), await group.read({ cursor: 1 })];
  expect(line.receipts.before).toEqual(base.receipts.after);
  expect(line.receipts.after).toMatchObject({ branch: '2.2', sequence: 3 });
  const entries = [...base.entries, ...line.entries];
  expect(line.receipts.after.head).toBe(toBase64Url(headOf(entries)));
});

test('RLY-54 one key signs for all groups, however often one asks', async () => {
  const again = await apiOf(relay.url).receipts.key.mutate({});
  expect(fromBase64Url(again.receiptKey)).toEqual(receiptKey);
  const groups = [await newGroup(), await newGroup()];
  for (const group of groups) {
    await group.post('x');
    await expectSigned(group.id, (await group.read()).receipts.after);
  }
});
