import { randomBytes } from 'node:crypto';
import { LIMITS, toBase64Url } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, refusalOf } from './support/api.ts';
import { newEntries, TestGroup, type TestEntry } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

/** Posts of several messages. */

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();
const idsIn = async (group: TestGroup) => (await group.read()).entries.map(({ id }) => id);
const idsOf = (entries: readonly TestEntry[]) => entries.map(({ id }) => id);

test('RLY-58 the messages of a post stand in the log in their order', async () => {
  const group = await newGroup();
  await group.post('before');
  const entries = newEntries(LIMITS.maxPostEntries);
  const { sequences } = await group.postAll(entries);
  expect(sequences).toEqual(entries.map((_, i) => i + 2));
  const stored = (await group.read({ cursor: 1 })).entries;
  expect(
    stored.map(({ kind, epoch, sequence, id, payload }) => [kind, epoch, sequence, id, payload]),
  ).toEqual(entries.map(({ id, payload }, i) => ['message', 0, i + 2, id, toBase64Url(payload)]));
});

test('RLY-52 RLY-58 the receipt of a post is that of its last message', async () => {
  const group = await newGroup();
  const { sequences, receipt } = await group.postAll(newEntries(3));
  const { after } = (await group.read()).receipts;
  expect([sequences, receipt]).toEqual([[1, 2, 3], after]);
  const [first] = newEntries(1);
  if (first === undefined) return expect.unreachable();
  await group.postAll([first, ...newEntries(2)]);
  await group.post('more');
  // Of a repeated post too, also where the last message is not the log's last.
  expect((await group.postAll([first])).receipt).toEqual(
    (await group.read({ cursor: 3, limit: 1 })).receipts.after,
  );
});

test('RLY-43 RLY-58 a repeated post gets its first sequences and receipt, even after the epoch', async () => {
  const group = await newGroup();
  const entries = newEntries(5);
  const [first, ...same] = await Promise.all(Array.from({ length: 10 }, () => group.postAll(entries)));
  for (const answer of same) expect(answer).toEqual(first);
  await group.commit();
  expect(await group.postAll(entries, { epoch: 0 })).toEqual(first);
  expect((await idsIn(group)).slice(0, 5)).toEqual(idsOf(entries));
});

test('RLY-58 a post that begins with stored messages adds the rest, behind what came in between', async () => {
  const group = await newGroup();
  const entries = newEntries(4);
  await group.postAll(entries.slice(0, 2));
  await group.post('in between');
  expect((await group.postAll(entries)).sequences).toEqual([1, 2, 4, 5]);
  expect((await idsIn(group)).filter((_, i) => i !== 2)).toEqual(idsOf(entries));
});

const [A, B, C, D] = newEntries(4) as [TestEntry, TestEntry, TestEntry, TestEntry];
const withOtherBytes = { ...A, payload: randomBytes(40) };

test.each([
  ['a stored message comes after a new one', [[A]], [B, A]],
  ['a new message comes between stored ones', [[A, B, C]], [A, D, C]],
  ['stored messages come in another order', [[A, B]], [B, A]],
  ['messages stored in another order come before a new one', [[B], [A]], [A, B, C]],
  ['the first has other bytes than the stored one', [[A]], [withOtherBytes, B]],
  ['the last has other bytes than the stored one', [[B, A]], [B, withOtherBytes]],
])('RLY-44 RLY-58 a post conflicts and stores nothing if %s', async (_what, stored, post) => {
  const group = await newGroup();
  for (const entries of stored) await group.postAll(entries);
  const before = await idsIn(group);
  expect(await codeOf(group.postAll([...post, ...newEntries(1)]))).toBe('IDEMPOTENCY_CONFLICT');
  expect(await codeOf(group.postAll(post))).toBe('IDEMPOTENCY_CONFLICT');
  expect(await idsIn(group)).toEqual(before);
});

test('RLY-44 RLY-58 a message that is stored for another epoch conflicts', async () => {
  const group = await newGroup();
  const [entry] = newEntries(1);
  if (entry === undefined) return expect.unreachable();
  await group.postAll([entry]);
  await group.commit();
  expect(await codeOf(group.postAll([entry]))).toBe('IDEMPOTENCY_CONFLICT');
  expect(await codeOf(group.postAll([entry, ...newEntries(1)]))).toBe('IDEMPOTENCY_CONFLICT');
  expect((await group.postAll([entry], { epoch: 0 })).sequences).toEqual([1]);
  expect(await idsIn(group)).toHaveLength(2);
});

test('RLY-44 the id of a commit names no message', async () => {
  const group = await newGroup();
  const commit = { id: newId(), payload: randomBytes(20) };
  await group.commit(commit);
  expect(await codeOf(group.postAll([commit]))).toBe('IDEMPOTENCY_CONFLICT');
  expect(await codeOf(group.postAll([commit], { epoch: 0 }))).toBe('IDEMPOTENCY_CONFLICT');
});

test('RLY-45 RLY-58 a post with one new message for an ended epoch is stale, and stores nothing', async () => {
  const group = await newGroup();
  const entries = newEntries(3);
  await group.postAll(entries.slice(0, 2));
  await group.commit();
  const { code, details } = await refusalOf(group.postAll(entries, { epoch: 0 }));
  expect([code, details.head]).toEqual(['STALE_EPOCH', { epoch: 1, sequence: 3 }]);
  expect(await idsIn(group)).toHaveLength(3);
});

test('RLY-42 RLY-58 posts at once do not mix, and leave no gap', async () => {
  const group = await newGroup();
  const posts = Array.from({ length: 12 }, (_, i) => newEntries(1 + (i % 5)));
  const answers = await Promise.all(posts.map((entries) => group.postAll(entries)));
  const ids = await idsIn(group);
  expect(ids).toHaveLength(posts.flat().length);
  for (const [i, { sequences, receipt }] of answers.entries()) {
    const first = sequences[0] ?? 0;
    expect(sequences).toEqual(posts[i]?.map((_, n) => first + n));
    expect(ids.slice(first - 1, first - 1 + sequences.length)).toEqual(idsOf(posts[i] ?? []));
    expect(receipt.sequence).toBe(sequences.at(-1));
  }
});

test('RLY-58 a post of no message, of too many, or of one id twice is bad input', async () => {
  const group = await newGroup();
  const [entry] = newEntries(1);
  if (entry === undefined) return expect.unreachable();
  for (const entries of [
    [],
    newEntries(LIMITS.maxPostEntries + 1),
    [entry, entry],
    [entry, { ...entry, payload: randomBytes(9) }],
  ]) {
    const { code, details } = await refusalOf(group.postAll(entries));
    expect([code, details.issues?.map(({ path }) => path)]).toEqual(['BAD_INPUT', ['entries']]);
  }
  expect(await idsIn(group)).toEqual([]);
});

test('RLY-31 a post proves each id and each message, and their order', async () => {
  const group = await newGroup();
  const { entries, ...post } = group.batch(newEntries(2));
  const [first, second] = entries;
  if (first === undefined || second === undefined) return expect.unreachable();
  const other = toBase64Url(randomBytes(40));
  for (const bent of [
    [second, first],
    [first],
    [first, second, { id: newId(), message: other }],
    [first, { ...second, message: other }],
    [{ ...first, id: newId() }, second],
    [
      { ...first, message: second.message },
      { ...second, message: first.message },
    ],
  ])
    expect(await codeOf(group.api.groups.post.mutate({ ...post, entries: bent }))).toBe('NOT_AUTHORIZED');
  expect((await group.api.groups.post.mutate({ ...post, entries })).sequences).toEqual([1, 2]);
});

test('RLY-61 a stream gets each message of a post once, with the receipt of the last', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  await using stream = await TestStream.open(relay.url, ticket);
  await stream.take(1);
  const entries = newEntries(3);
  const { receipt } = await group.postAll(entries);
  const events = await stream.take(3);
  expect(events).toMatchObject(
    entries.map(({ id }, i) => ({ type: 'group-entry', entry: { id, sequence: i + 1 } })),
  );
  expect(events.at(-1)).toMatchObject({ receipt });
});
