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
  { said = [], sees, ...view }: { said?: Said[]; sees: string[] } & Partial<View>,
): Person {
  const conversation = {
    id: 'tea',
    waiting: [],
    epoch: 1,
    security: { epochAuthenticator: 'one' },
    history: async () =>
      sees.map((text) => ({ content: { type: 'text', text }, state: 'received' }) as unknown as Message),
    ...view,
  } as unknown as Conversation;
  const client = { connection: view.connection ?? 'online', conversations: { list: () => [conversation] } };
  return { handle, said, clients: [client as unknown as Client] } as unknown as Person;
}

const sent = (text: string): Said => ({ text, by: 'alice', outcome: 'sent' });

test('all that was acknowledged and is seen once, in order, violates nothing', async () => {
  const said: Said[] = [sent('alice 0'), sent('alice 1'), { ...sent('alice 2'), outcome: 'refused' }];
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
