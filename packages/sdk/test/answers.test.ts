import { eventually, startGoBetween, type GoBetween } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { platform } from '#platform';
import type { Platform } from '../src/platform/platform.ts';
import { network } from './support/network.ts';
import { contentsOf, people, same, textsOf } from './support/people.ts';

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

test('a receipt key that no receipt was signed by is not remembered', async () => {
  const net = network();
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { platform: net.platform })];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await tea.send('hello');
  // The key of another relay.
  net.lie('receipts.key', () => ({ receiptKey: 'A'.repeat(43) }));
  await bob.sync().catch(() => undefined);
  net.mend();
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);
});

/** A platform on which a stream’s events are changed before the client gets them. */
function lyingStream(change: (event: { type: string; [field: string]: unknown }) => unknown) {
  const fetch: typeof platform.net.fetch = async (input, init) => {
    const response = await platform.net.fetch(input, init);
    if (!new URL(new Request(input).url).pathname.endsWith('/streams.events')) return response;
    let rest = '';
    const frames = new TransformStream<string, string>({
      transform: (text, controller) => {
        const [last = '', ...whole] = (rest + text).split('\n\n').reverse();
        rest = last;
        for (const frame of whole.reverse()) controller.enqueue(`${changedIn(frame)}\n\n`);
      },
    });
    const changedIn = (frame: string) =>
      frame.startsWith('data: {"type"')
        ? `data: ${JSON.stringify(change(JSON.parse(frame.slice(6)) as { type: string }))}`
        : frame;
    const body = response.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(frames)
      .pipeThrough(new TextEncoderStream());
    return new Response(body, { status: response.status, headers: response.headers });
  };
  return { ...platform, net: { ...platform.net, fetch } } satisfies Platform;
}

test('an entry that a stream brought changed is not applied before a receipt vouches for it', async () => {
  let changed = 0;
  const lying = lyingStream((event) => {
    if (event.type !== 'group-entry' || event['receipt'] !== undefined) return event;
    changed += 1;
    return { ...event, entry: { ...(event['entry'] as object), payload: 'AAAA' } };
  });
  const alice = await town.join('alice');
  const bob = await town.join('bob', { live: true, platform: lying });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is in', () => bob.conversations.list().some(({ id }) => id === tea.id));
  await tea.send('hello');
  await eventually('Bob reads', async () => (await textsOf(same(bob, tea))).length === 1);
  await Promise.all(['one', 'two', 'three'].map((text) => tea.send(text)));
  await eventually('Bob reads on', async () => (await textsOf(same(bob, tea))).length === 4);
  expect(changed).toBeGreaterThan(0);
  expect(await textsOf(same(bob, tea))).toEqual(['hello', 'one', 'two', 'three']);
  expect(await contentsOf(same(bob, tea))).not.toContainEqual(
    expect.objectContaining({ type: 'undecryptable' }),
  );
});
