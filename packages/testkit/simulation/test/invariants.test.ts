import type { Client, Conversation, Message } from '@quicprochat/sdk';
import { expect, test } from 'vitest';
import { intrusions, sealedLate, unsettled, violations } from '../src/invariants.ts';
import type { Person, Said } from '../src/person.ts';

/** What somebody's client shows, where it matters. */
interface View {
  connection: string;
  waiting: object[];
  security: object;
  state: string;
}

/** Somebody who has said something, and sees these texts. */
function person(
  handle: string,
  {
    said = [],
    calls = [],
    sees,
    lines = [],
    isCloned: wasCloned = false,
    isRescued = false,
    inOrderFrom,
    ...view
  }: Partial<View> & {
    said?: Said[];
    calls?: string[];
    sees: string[];
    lines?: object[];
    isCloned?: boolean;
    isRescued?: boolean;
    inOrderFrom?: number;
  },
): Person {
  const conversation = {
    id: 'tea',
    waiting: [],
    epoch: 1,
    security: { epochAuthenticator: 'one' },
    history: async () =>
      [
        ...sees.map((text) => ({ content: { type: 'text', text }, state: 'received' })),
        ...lines,
      ] as unknown as Message[],
    ...view,
  } as unknown as Conversation;
  const client = { connection: view.connection ?? 'online', conversations: { list: () => [conversation] } };
  const clients = [client as unknown as Client];
  const rescued = new Set(isRescued ? ['tea'] : []);
  const canBeLeftBehind = wasCloned;
  const parts = { handle, said, calls, clients, wasCloned, canBeLeftBehind, inOrderFrom, rescued };
  return parts as unknown as Person;
}

const sent = (text: string): Said => ({
  conversationId: 'tea',
  text,
  by: 'alice',
  tab: 'alice.1',
  outcome: 'sent',
});

test('all that was acknowledged and is seen once, in order, violates nothing', async () => {
  const said: Said[] = [sent('alice 0'), sent('alice 1'), { ...sent('alice 2'), outcome: 'cancelled' }];
  const sees = ['alice 0', 'alice 1'];
  const people = [person('alice', { said, sees }), person('bob', { sees })];
  expect(await violations(people, 'tea')).toEqual([]);
  expect(unsettled(people, 'tea')).toEqual([]);
});

test.each<[string, string[], string]>([
  ['lost', ['alice 0'], 'bob does not see “alice 1”, which was acknowledged'],
  ['doubled', ['alice 0', 'alice 1', 'alice 1'], 'bob sees “alice 1” 2 times'],
  ['out of order', ['alice 1', 'alice 0'], 'bob sees the messages of alice in the order 1, 0'],
])('a message that is %s is a violation', async (_what, sees, violation) => {
  const said = [sent('alice 0'), sent('alice 1')];
  const people = [person('alice', { said, sees: ['alice 0', 'alice 1'] }), person('bob', { sees })];
  expect(await violations(people, 'tea')).toEqual([violation]);
});

test('only what is known to may come late', async () => {
  const late: Said = { ...sent('alice 0'), outcome: 'unknown', mayComeLate: true };
  const sees = ['alice 1', 'alice 0'];
  const isSeen = (first: Said) =>
    violations([person('alice', { said: [first, sent('alice 1')], sees }), person('bob', { sees })], 'tea');
  expect(await isSeen(late)).toEqual([]);
  const outOfOrder = 'sees the messages of alice in the order 1, 0';
  expect(await isSeen({ ...late, mayComeLate: false })).toEqual([`alice ${outOfOrder}`, `bob ${outOfOrder}`]);
});

test('a message that was cancelled and is seen is a violation', async () => {
  const said: Said[] = [{ ...sent('alice 0'), outcome: 'cancelled' }];
  const people = [person('alice', { said, sees: [] }), person('bob', { sees: ['alice 0'] })];
  expect(await violations(people, 'tea')).toEqual(['bob sees “alice 0”, which was cancelled']);
});

test('a message that is refused is a violation, with its reason', async () => {
  const said: Said[] = [{ ...sent('alice 0'), outcome: 'refused', refusal: 'REPLAYED' }];
  const people = [person('alice', { said, sees: [] }), person('bob', { sees: [] })];
  expect(await violations(people, 'tea')).toEqual(['“alice 0” was refused: REPLAYED']);
});

test('a message that nobody knows of is a violation if some see it and others do not', async () => {
  const said: Said[] = [{ ...sent('alice 0'), outcome: 'unknown' }];
  const people = [person('alice', { said, sees: ['alice 0'] }), person('bob', { sees: [] })];
  expect(await violations(people, 'tea')).toEqual(['bob sees other messages than the first']);
});

test.each([
  [{ content: { type: 'undecryptable', code: 'REPLAYED' } }, 'bob cannot open a line: REPLAYED'],
  [{ content: { type: 'text', text: 'alice 9' }, state: 'queued' }, 'bob sees “alice 9” wait'],
])('the line %j is a violation', async (line, violation) => {
  const people = [person('alice', { sees: [] }), person('bob', { sees: [], lines: [line] })];
  expect(await violations(people, 'tea')).toContain(violation);
});

test('a call that has not come to its end has not settled', () => {
  const people = [person('alice', { sees: [], calls: ['“alice 0”'] }), person('bob', { sees: [] })];
  expect(unsettled(people, 'tea')).toEqual(['“alice 0” has not come to its end']);
});

test('another epoch is a violation', async () => {
  const elsewhere = { security: { epochAuthenticator: 'two' } };
  const people = [person('alice', { sees: [] }), person('bob', { sees: [], ...elsewhere })];
  expect(await violations(people, 'tea')).toEqual(['bob is in another epoch']);
});

test.each<[Partial<View>, string]>([
  [{ connection: 'offline' }, 'a tab of bob is offline'],
  [{ waiting: [{ kind: 'heal', state: 'queued' }] }, 'a change of bob waits: heal, queued'],
  [{ security: { epochAuthenticator: 'two' } }, 'bob is in epoch 1'],
])('%j has not settled', (view, what) => {
  const people = [person('alice', { sees: [] }), person('bob', { sees: [], ...view })];
  expect(unsettled(people, 'tea')).toEqual([what]);
});

const own = (text: string, state: string) => ({ content: { type: 'text', text }, state, own: true });

test('of a device that was cloned, what it shows as sent must be with everybody, and nothing else', async () => {
  const said = [sent('alice 0'), sent('alice 1')];
  const lines = [own('alice 1', 'sent')];
  const alice = person('alice', { said, sees: [], lines, isCloned: true });
  expect(await violations([alice, person('bob', { sees: ['alice 1'] })], 'tea')).toEqual([]);
  expect(await violations([alice, person('bob', { sees: ['alice 0'] })], 'tea')).toEqual([
    'bob does not see “alice 1”, which was acknowledged',
  ]);
});

test('what a device that was cloned says once all has settled must stand in order', async () => {
  const alice = person('alice', { sees: [], isCloned: true, inOrderFrom: 2 });
  const isSeen = (sees: string[]) => violations([alice, person('bob', { sees })], 'tea');
  expect(await isSeen(['alice 1', 'alice 0', 'alice 2', 'alice 3'])).toEqual([]);
  expect(await isSeen(['alice 1', 'alice 3', 'alice 2'])).toEqual([
    'bob sees the messages of alice in the order 3, 2',
  ]);
});

test.each([
  ['REPLAYED', { isCloned: true }, []],
  ['REPLAYED', {}, ['bob cannot open a line: REPLAYED']],
  ['DECRYPT_FAILED', { isCloned: true }, ['bob cannot open a line: DECRYPT_FAILED']],
])('a line that is %s to others is allowed only as what a clone does (%j)', async (code, clone, expected) => {
  const people = [
    person('alice', { sees: [], ...clone }),
    person('bob', { sees: [], lines: [{ content: { type: 'undecryptable', code } }] }),
  ];
  expect(await violations(people, 'tea')).toEqual(expected);
});

test.each([
  [{ isCloned: true }, []],
  [{}, ['alice is in epoch 1']],
  [{ isCloned: true, isRescued: true }, ['alice is in epoch 1']],
  [
    { isCloned: true, waiting: [{ kind: 'message', state: 'queued' }] },
    ['a change of alice waits: message, queued', 'alice is in epoch 1'],
  ],
])(
  'being stuck has settled only for what a clone left behind, until it is added again: %j',
  (alice, expected) => {
    const behind = { state: 'stuck', security: { epochAuthenticator: 'zero' } };
    const people = [person('bob', { sees: [] }), person('alice', { sees: [], ...behind, ...alice })];
    expect(unsettled(people, 'tea')).toEqual(expected);
  },
);

test('names whoever sealed messages under keys that a copy was known to use', () => {
  const people = [
    { handle: 'alice', postedLate: 2 },
    { handle: 'bob', postedLate: 0 },
  ];
  expect(sealedLate(people)).toEqual(['alice sealed 2 messages under keys that a copy was known to use']);
});

test('whoever opened a locked storage without its secret is named', () => {
  const people = [
    { handle: 'alice', intrusions: [] },
    { handle: 'bob', intrusions: ['somebody opened the storage without its secret'] },
  ];
  expect(intrusions(people)).toEqual(['bob: somebody opened the storage without its secret']);
});
