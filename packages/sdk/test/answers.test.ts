import { startGoBetween, type GoBetween } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

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
  ['keyPackages.status', { pools: Array(4).fill({ available: 'many', lastResort: true }) }],
  ['keyPackages.status', { pools: Array(4).fill({ available: 1.5, lastResort: true }) }],
  ['keyPackages.status', { pools: [{ available: 1, lastResort: true }] }],
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

/** Of the right form, by nobody. */
const receipt = { branch: '', sequence: 2, head: 'AA', signature: 'AA' };

test.each([
  ['groups.post', { sequences: ['one'], receipt }],
  ['groups.post', null],
  ['groups.post', { sequences: [2], receipt: { sequence: 2 } }],
  ['groups.post', { sequences: [], receipt }],
  ['groups.post', { sequences: [2, 3], receipt }],
])(
  'a message whose answer from %s is %j is looked for in the log, and sent once',
  async (procedure, answer) => {
    const net = network();
    const [alice, bob] = [await town.join('alice', { platform: net.platform }), await town.join('bob')];
    const tea = await alice.conversations.create({ members: [bob.handle] });
    net.lie(procedure, () => answer);
    await tea.send('taken');
    net.mend();
    await tea.send('after');
    await bob.sync();
    expect(await textsOf(same(bob, tea))).toEqual(['taken', 'after']);
    expect((await tea.history()).map(({ state }) => state)).not.toContain('failed');
  },
);

test('a message that no answer confirms and that is not in the log stays queued', async () => {
  const net = network();
  const [alice, bob] = [await town.join('alice', { platform: net.platform }), await town.join('bob')];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  net.fail(({ procedure }) =>
    procedure === 'groups.post' ? Response.json({ result: { data: 7 } }) : undefined,
  );
  await expect(tea.send('later')).rejects.toMatchObject({
    code: 'RELAY_MISBEHAVED',
    message: expect.stringMatching(/The message or change stays queued\.$/),
    details: { queued: true },
  });
  expect(tea.waiting).toMatchObject([{ kind: 'message', state: 'sending' }]);
  net.mend();
  await alice.sync();
  await bob.sync();
  expect(tea.waiting).toEqual([]);
  expect(await textsOf(same(bob, tea))).toEqual(['later']);
});

test.each([
  ['entries', 'none'],
  ['entries', [{ kind: 'message', sequence: 2, epoch: 1, id: 'a' }]],
  ['entries', [{ kind: 'commit', sequence: 2, epoch: 1, id: 'a', payload: 'AA' }]],
  ['entries', [null]],
  ['receipts', undefined],
  ['receipts', { before: {}, after: {} }],
  ['more', 'yes'],
])('a page of the log whose %s are %j is refused, and read again later', async (field, value) => {
  const net = network();
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { platform: net.platform })];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.send('hello');
  net.lie('groups.read', (page: object) => ({ ...page, [field]: value }));
  await expect(bob.sync()).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED', name: 'TransportError' });
  net.mend();
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);
});
