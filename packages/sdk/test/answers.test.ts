import { startGoBetween, type GoBetween } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { people } from './support/people.ts';

const town = people();

let hostile: GoBetween;
beforeAll(async () => {
  hostile = await startGoBetween(town.relay().url);
});
afterAll(() => hostile.close());

test.each([
  ['auth.challenge', {}],
  ['auth.challenge', { challenge: 'AA' }],
  ['account.register', { token: 7 }],
  ['keyPackages.status', { available: 'many', lastResort: true }],
  ['keyPackages.status', { available: 1.5, lastResort: true }],
  ['keyPackages.status', null],
])('registering fails with RELAY_MISBEHAVED if %s is answered with %j', async (procedure, answer) => {
  hostile.rewrite(procedure, () => answer);
  await expect(town.join('alice', { relay: hostile.url })).rejects.toMatchObject({
    code: 'RELAY_MISBEHAVED',
    name: 'TransportError',
  });
  hostile.rewrite(procedure);
});

test('creating a conversation fails with RELAY_MISBEHAVED if the receipt key is not a key', async () => {
  const alice = await town.join('alice', { relay: hostile.url });
  hostile.rewrite('receipts.key', () => ({ receiptKey: 'no key' }));
  const bob = await town.join('bob');
  const create = alice.conversations.create({ members: [bob.handle] });
  await expect(create).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  hostile.rewrite('receipts.key');
});
