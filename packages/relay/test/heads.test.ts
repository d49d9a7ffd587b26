import { randomBytes } from 'node:crypto';
import { LIMITS, type GroupHeads } from '@quicprochat/protocol';
import { newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, refusalOf } from './support/api.ts';
import { newEntries, TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

/** `groups.heads`: how far the logs of many groups can be read. */

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();
type Asked = ReturnType<TestGroup['headsInput']>;

const ask = (...groups: Asked[]): Promise<GroupHeads> =>
  new TestGroup(relay.url).api.groups.heads.mutate({ groups });

/** What a page with the same key says of the same place. */
async function readEnd(group: TestGroup, epoch: number) {
  const { cursor, ended, receipts } = await group.read({ epoch });
  return { sequence: cursor, ended, receipt: receipts.after };
}

test('RLY-52 RLY-59 each head is where a page with the same key ends, with the same receipt', async () => {
  const [empty, busy, ended] = [await newGroup(), await newGroup(), await newGroup()];
  await busy.commit();
  await busy.postAll(newEntries(3));
  await ended.commit();
  await ended.post('of the next epoch');
  const { heads } = await ask(empty.headsInput(), busy.headsInput(), ended.headsInput({ epoch: 0 }));
  expect(heads).toEqual([await readEnd(empty, 0), await readEnd(busy, 1), await readEnd(ended, 0)]);
  expect(heads).toMatchObject([
    { sequence: 0, ended: false },
    { sequence: 4, ended: false },
    { sequence: 1, ended: true },
  ]);
});

test('RLY-36 RLY-59 the key of an ended epoch is not told how far the log went on', async () => {
  const group = await newGroup();
  await group.commit();
  const before = await ask(group.headsInput({ epoch: 0 }));
  await group.postAll(newEntries(5));
  await group.commit();
  expect(await ask(group.headsInput({ epoch: 0 }))).toEqual(before);
  // Nor by claiming an epoch after its own.
  const beyond = group.headsInput({ epoch: 1, key: group.keys[0] ?? newSigner() });
  expect(await ask(beyond)).toEqual({ heads: [{ error: 'NOT_AUTHORIZED' }] });
});

test('RLY-47 RLY-59 a head is that of the branch which the key belongs to', async () => {
  const group = await newGroup();
  const branch = new TestGroup(relay.url, group.id, [...group.keys]);
  await group.commit();
  await group.post('one');
  await branch.commit({ candidate: 1 });
  await branch.postAll(newEntries(3));
  const { heads } = await ask(group.headsInput(), branch.headsInput(), branch.headsInput({ epoch: 0 }));
  expect(heads).toEqual([await readEnd(group, 1), await readEnd(branch, 1), await readEnd(group, 0)]);
  expect(heads).toMatchObject([
    { sequence: 2 },
    { sequence: 4, receipt: { branch: '1.1' } },
    { sequence: 1 },
  ]);
});

test('RLY-32 RLY-37 RLY-59 a group that is refused is refused alone, and all refusals look alike', async () => {
  const [group, other] = [await newGroup(), await newGroup()];
  await group.post('x');
  const { heads } = await ask(
    group.headsInput(),
    new TestGroup(relay.url).headsInput(),
    other.headsInput({ key: newSigner() }),
    other.headsInput({ audience: 'evil.example' }),
    { ...other.headsInput(), proof: group.headsInput().proof },
    other.headsInput({ epoch: 3, key: other.keys[0] ?? newSigner() }),
    other.headsInput(),
  );
  const refused = { error: 'NOT_AUTHORIZED' };
  expect(heads).toEqual([
    await readEnd(group, 0),
    refused,
    refused,
    refused,
    refused,
    { error: 'FUTURE_EPOCH' },
    await readEnd(other, 0),
  ]);
});

test('RLY-34 RLY-59 a proof counts once, and one of a refused group is not used up', async () => {
  const group = await newGroup();
  const [asked, later] = [group.headsInput(), new TestGroup(relay.url)];
  const early = later.headsInput();
  expect((await ask(asked, early)).heads[1]).toEqual({ error: 'NOT_AUTHORIZED' });
  await later.create();
  expect((await ask(early)).heads).toMatchObject([{ sequence: 0 }]);
  expect(await codeOf(ask(asked))).toBe('REPLAYED');
  expect(await codeOf(ask(later.headsInput(), asked))).toBe('REPLAYED');
  const twice = group.headsInput();
  expect(await codeOf(ask(twice, twice))).toBe('REPLAYED');
});

test('RLY-33 RLY-59 a proof from another time is told the relay’s time', async () => {
  const [group, other] = [await newGroup(), await newGroup()];
  const issuedAtMs = Date.now() - LIMITS.proofWindowMs - 5_000;
  const { code, details } = await refusalOf(ask(group.headsInput(), other.headsInput({ issuedAtMs })));
  expect([code, typeof details.relayTimeMs]).toEqual(['CLOCK_SKEW', 'number']);
});

test('RLY-3 RLY-59 heads of no group, or of more than a stream can follow, are bad input', async () => {
  const group = await newGroup();
  const one = group.headsInput();
  expect(await codeOf(ask())).toBe('BAD_INPUT');
  const many = Array.from({ length: LIMITS.maxStreamGroups + 1 }, () => one);
  expect(await codeOf(ask(...many))).toBe('BAD_INPUT');
});

test('RLY-59 500 groups are answered in one call, each in its place', async () => {
  const groups = await Promise.all(Array.from({ length: 5 }, newGroup));
  for (const [i, group] of groups.entries()) await group.postAll(newEntries(i + 1));
  const asked = Array.from(
    { length: LIMITS.maxStreamGroups },
    (_, i) => groups[i % 5] ?? expect.unreachable(),
  );
  const { heads } = await ask(...asked.map((group) => group.headsInput({ nonce: randomBytes(16) })));
  expect(heads).toMatchObject(asked.map((_, i) => ({ sequence: (i % 5) + 1, ended: false })));
});
