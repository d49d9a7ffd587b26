import type { Client, Conversation, Message } from '@quicprochat/sdk';
import { expect, test } from 'vitest';
import { unsettled, violations } from '../src/invariants.ts';
import type { Person, Said } from '../src/person.ts';

/** What somebody's client shows, where it matters. */
interface View {
  connection: string;
  waiting: object[];
  security: object;
}

/** Somebody who has said something, and sees these texts. */
function person(
  handle: string,
  {
    said = [],
    calls = [],
    sees,
    lines = [],
    ...view
  }: Partial<View> & {
    said?: Said[];
    calls?: string[];
    sees: string[];
    lines?: object[];
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
  return { handle, said, calls, clients: [client as unknown as Client] } as unknown as Person;
}

const sent = (text: string): Said => ({ conversationId: 'tea', text, by: 'alice', outcome: 'sent' });

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
