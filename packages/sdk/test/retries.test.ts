import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import type { Platform } from '../src/platform/platform.ts';
import type { Client } from '../src/api/client.ts';
import { sdkError } from '../src/model/errors.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { badGateway, network, refused, reset, unavailable } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

const isOnline = (client: Client) => eventually('it is online', () => client.connection === 'online');

test.each([
  ['502', badGateway],
  ['a connection reset', reset],
  ['503', unavailable],
  ['the answer to its second copy', () => refused('REPLAYED')],
])('a live client retries a message whose one request got %s', async (_what, answer) => {
  const net = network();
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  await isOnline(alice);
  net.failNext('groups.post', answer);
  await tea.send('once more');
  expect(net.calls.filter((procedure) => procedure === 'groups.post')).toHaveLength(2);
  expect(tea.lastMessage?.state).toBe('sent');
});

test('a client that does not stay sends a message again whose one request was refused as the second copy', async () => {
  const net = network();
  const alice = await town.join('alice', { platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  net.failNext('groups.post', () => refused('REPLAYED'));
  await tea.send('once more');
  expect(net.calls.filter((procedure) => procedure === 'groups.post')).toHaveLength(2);
  expect(tea.lastMessage?.state).toBe('sent');
});

test('a client is not online while a message that is due fails, and is again when it went out', async () => {
  const net = network();
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  await isOnline(alice);
  net.fail(({ procedure }) => (procedure === 'groups.post' ? badGateway() : undefined));
  const sending = tea.send('stuck behind a proxy');
  await eventually('it is not online', () => alice.connection === 'offline');
  net.mend();
  await sending;
  await isOnline(alice);
});

test('a client heals when it is due, although a message that waits keeps failing', async () => {
  const net = network();
  const policy = { afterMessages: 3 };
  const alice = await town.join('alice', { live: true, platform: net.platform, update: policy });
  const bob = await town.join('bob');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await isOnline(alice);
  net.fail(({ procedure }) => (procedure === 'groups.post' ? badGateway() : undefined));
  const { epoch } = tea;
  const sending = tea.send('stays here');
  for (let i = 0; i < 4; i++) await same(bob, tea).send(`from bob ${i}`);
  await eventually('it heals', () => tea.epoch > epoch);
  net.mend();
  await sending;
});

test('a live client fills its pool of key packages up although publishing failed once', async () => {
  const storage = memoryStorage();
  const net = network();
  net.fail(({ procedure }) => (procedure === 'keyPackages.publish' ? badGateway() : undefined));
  const register = town.join('bob', { live: true, platform: net.platform, storage });
  await expect(register).rejects.toMatchObject({ code: 'NETWORK' });
  net.failNext('keyPackages.publish', badGateway);
  const bob = await town.open({ live: true, platform: net.platform, storage });
  await isOnline(bob);
  const alice = await town.join('alice');
  await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is in', () => bob.conversations.list().length === 1);
});

/** A platform whose first entry of a group's stream has a payload that is no bytes. */
function onceMalformed(): Platform {
  let isLeft = true;
  const falsify = (text: string) => {
    if (!isLeft || !text.includes('"group-entry"')) return text;
    isLeft = false;
    return text.replace(/"payload":"[^"]*"/, '"payload":"!"');
  };
  const fetch: typeof platform.net.fetch = async (input, init) => {
    const response = await platform.net.fetch(input, init);
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!isStream || response.body === null) return response;
    const lies = new TransformStream<string, string>({
      transform: (text, out) => out.enqueue(falsify(text)),
    });
    const body = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(lies)
      .pipeThrough(new TextEncoderStream());
    return new Response(body, response);
  };
  return { ...platform, net: { ...platform.net, fetch } };
}

/** A storage whose next commits that match are refused as busy, as one is whose disk or tab holds it up. */
function busy(inner: Storage) {
  let left = 0;
  let matches: (key: string) => boolean = () => true;
  const commit: Storage['commit'] = async (writes, expected) => {
    if (left > 0 && writes.some(({ key }) => matches(key))) {
      left--;
      throw sdkError('STORE_UNAVAILABLE', 'The storage is busy.', { details: { reason: 'failed' } });
    }
    return inner.commit(writes, expected);
  };
  return {
    storage: { ...inner, commit },
    refuse(times: number, which: (key: string) => boolean) {
      [left, matches] = [times, which];
    },
    get left() {
      return left;
    },
  };
}

test('a message that arrives while the storage is busy is shown as soon as it is not', async () => {
  const store = busy(memoryStorage());
  const net = network();
  const bob = await town.join('bob', { live: true, storage: store.storage, platform: net.platform });
  const alice = await town.join('alice');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is in', () => bob.conversations.list().length === 1);
  await isOnline(bob);
  await tea.send('first');
  await eventually('the first is there', async () => (await textsOf(same(bob, tea))).length === 1);
  net.calls.length = 0;
  store.refuse(2, (key) => key.startsWith('message/'));
  await tea.send('second');
  await eventually('the second is there', async () => (await textsOf(same(bob, tea))).length === 2);
  expect(store.left).toBe(0);
  expect(await textsOf(same(bob, tea))).toEqual(['first', 'second']);
  // It was still in the queue: nothing was asked of the relay again.
  expect(net.calls.filter((procedure) => procedure === 'groups.read')).toEqual([]);
});

test('an entry that a stream brought malformed is read from the log instead', async () => {
  const bob = await town.join('bob', { live: true, platform: onceMalformed() });
  const alice = await town.join('alice');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is in', () => bob.conversations.list().length === 1);
  await isOnline(bob);
  await tea.send('first');
  await tea.send('second');
  await eventually('both are there', async () => (await textsOf(same(bob, tea))).length === 2);
  expect(same(bob, tea).trouble).toBeUndefined();
});

test('a message goes out at once where only the streams do not get through', async () => {
  const net = network();
  net.fail(({ procedure }) => (procedure === 'streams.events' ? reset() : undefined));
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  const tries = () => net.calls.filter((procedure) => procedure === 'inbox.openStream').length;
  await eventually('it has tried some times', () => tries() === 4);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await tea.send('at once');
  expect([tries(), alice.connection]).toEqual([4, 'offline']);
});

test('a conversation whose request hangs does not hold up what arrives in another', async () => {
  let hangs = false;
  const fetch: typeof platform.net.fetch = (input, init) =>
    hangs && new URL(new Request(input, init).url).pathname.endsWith('groups.post')
      ? new Promise(() => undefined)
      : platform.net.fetch(input, init);
  const net = { ...platform.net, fetch };
  const alice = await town.join('alice', { live: true, platform: { ...platform, net } });
  const bob = await town.join('bob');
  const one = await bob.conversations.create({ members: [alice.handle] });
  const two = await bob.conversations.create({ members: [alice.handle] });
  await eventually('Alice is in both', () => alice.conversations.list().length === 2);
  await isOnline(alice);
  await one.send('first');
  await eventually('it is there', async () => (await textsOf(same(alice, one))).length === 1);
  hangs = true;
  same(alice, one)
    .send('hangs')
    .catch(() => undefined);
  await eventually('it hangs', () => same(alice, one).waiting[0]?.state === 'sending');
  await one.send('waits for its turn');
  await two.send('comes at once');
  await eventually('it is there', async () => (await textsOf(same(alice, two))).length === 1);
});

test('a client whose worker has died is not online', async () => {
  const workers: { fail: (cause: unknown) => void }[] = [];
  const spawnWorker: Platform['spawnWorker'] = (source) => {
    const port = platform.spawnWorker(source);
    return { ...port, onFailure: (listener) => void workers.push({ fail: listener }) };
  };
  const bob = await town.join('bob', { live: true, platform: { ...platform, spawnWorker } });
  await isOnline(bob);
  workers[0]?.fail(new Error('out of memory'));
  expect(bob.connection).toBe('offline');
});

test('an invitation that arrives while the storage is busy is taken as soon as it is not', async () => {
  const store = busy(memoryStorage());
  const bob = await town.join('bob', { live: true, storage: store.storage });
  await isOnline(bob);
  const alice = await town.join('alice');
  store.refuse(2, (key) => key.startsWith('conversation/'));
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is in', () => bob.conversations.list().length === 1);
  expect(store.left).toBe(0);
  await same(bob, tea).send('here I am');
});
