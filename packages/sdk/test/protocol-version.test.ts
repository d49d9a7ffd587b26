import { PROTOCOL_VERSION } from '@quicprochat/protocol';
import { eventually } from '@quicprochat/testkit';
import { afterEach, expect, test } from 'vitest';
import { startRelayOfVersion } from '../../relay/test/support/relay-of-version.ts';
import { platform } from '#platform';
import { Client, type ClientOptions } from '../src/api/client.ts';
import type { QuicprochatError } from '../src/model/errors.ts';
import type { Platform } from '../src/platform/platform.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { network, refused } from './support/network.ts';
import { same, textsOf } from './support/people.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startRelay(version = PROTOCOL_VERSION) {
  const relay = await startRelayOfVersion(version);
  closing.push(() => relay.close());
  return relay;
}

async function open(options: Partial<ClientOptions> & Pick<ClientOptions, 'relay'>): Promise<Client> {
  const client = await Client.create({ storage: memoryStorage(), live: false, ...options });
  closing.push(() => client.close());
  return client;
}

/** Two people in one conversation at a relay of this version. */
async function tea(options: Partial<ClientOptions> = {}) {
  const relay = await startRelay();
  const bob = await open({ relay: relay.url, handle: 'bob' });
  const alice = await open({ relay: relay.url, handle: 'alice', ...options });
  const conversation = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const arrived = async () => {
    await bob.sync();
    return textsOf(same(bob, conversation));
  };
  return { relay, alice, conversation, arrived };
}

/** The first call after a relay was replaced can go to a connection that is closed by now. */
async function reach(client: Client): Promise<void> {
  await eventually('the relay is reached', async () => (await codeOf(client.sync())) === undefined);
}

function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(
    () => undefined,
    (error: unknown) => (error as QuicprochatError).code,
  );
}

const VERSIONS: [string, number, string, string][] = [
  [
    'a newer relay',
    PROTOCOL_VERSION + 1,
    'app',
    'This app is too old for the relay. Update the app; in a browser, reload the page.',
  ],
  [
    'an older relay',
    PROTOCOL_VERSION - 1,
    'relay',
    'The relay is too old for this app. Ask whoever runs the relay to update it.',
  ],
];

const errorFor = (relayProtocol: number, update: string, message: string) => ({
  name: 'TransportError',
  code: 'PROTOCOL_VERSION_MISMATCH',
  retryable: true,
  message,
  details: { relayProtocol, ownProtocol: PROTOCOL_VERSION, update },
});

test.each(VERSIONS)(
  'registering at %s fails with what to update, and stores nothing',
  async (_which, ...of) => {
    const [version] = of;
    const storage = memoryStorage();
    const { url } = await startRelay(version);
    await expect(open({ relay: url, handle: 'alice', storage })).rejects.toMatchObject(errorFor(...of));
    expect(await storage.scan({ prefix: '' })).toEqual([]);
  },
);

test.each(VERSIONS)(
  'at %s a client that does not stay says what to update, and sends what waits once that was done',
  async (_which, ...of) => {
    const [version] = of;
    const { relay, alice, conversation, arrived } = await tea();
    await relay.becomes(version);
    await expect(conversation.send('hello')).rejects.toMatchObject({
      code: 'PROTOCOL_VERSION_MISMATCH',
      message: `${of[2]} The message or change stays queued.`,
      details: { queued: true },
    });
    expect(alice.trouble).toMatchObject(errorFor(...of));
    expect(conversation.lastMessage).toMatchObject({ state: 'queued', content: { text: 'hello' } });

    await relay.becomes(PROTOCOL_VERSION);
    await reach(alice);
    expect([alice.trouble, conversation.lastMessage?.state]).toEqual([undefined, 'sent']);
    expect(await arrived()).toEqual(['hello']);
  },
);

test.each(VERSIONS)(
  'at %s a live client is offline and says what to update, and goes on by itself once that was done',
  async (_which, ...of) => {
    const [version] = of;
    const { relay, alice, conversation, arrived } = await tea({ live: true });
    await eventually('she is online', () => alice.connection === 'online');
    await relay.becomes(version);
    await eventually('she says what is wrong', () => alice.trouble !== undefined);
    expect(alice.trouble).toMatchObject(errorFor(...of));
    expect(alice.connection).toBe('offline');
    const sending = conversation.send('hello');
    await eventually('it is queued', () => conversation.waiting.length === 1);
    // Nothing of it was sent, and so it can be cancelled for certain.
    expect(conversation.waiting[0]).toMatchObject({ kind: 'message', state: 'queued' });

    await relay.becomes(PROTOCOL_VERSION);
    await sending;
    await eventually('she is online again', () => alice.connection === 'online');
    expect(alice.trouble).toBeUndefined();
    expect(await arrived()).toEqual(['hello']);
  },
);

test('listeners are told when a relay of another version is met, and when it was updated', async () => {
  const { relay, alice } = await tea();
  const heard: (string | undefined)[] = [];
  alice.subscribe(() => {
    const code = alice.trouble?.code;
    if (heard.length === 0 || heard.at(-1) !== code) heard.push(code);
  });
  await relay.becomes(PROTOCOL_VERSION + 1);
  await eventually('she meets it', async () => (await codeOf(alice.sync())) === 'PROTOCOL_VERSION_MISMATCH');
  await relay.becomes(PROTOCOL_VERSION);
  await reach(alice);
  expect(heard).toEqual(['PROTOCOL_VERSION_MISMATCH', undefined]);
});

test('every request names the protocol, those for streams among them', async () => {
  const urls: URL[] = [];
  const fetch: Platform['net']['fetch'] = (input, init) => {
    urls.push(new URL(input as string));
    return platform.net.fetch(input, init);
  };
  const { alice, conversation } = await tea({
    live: true,
    platform: { ...platform, net: { ...platform.net, fetch } },
  });
  await eventually('she is online', () => alice.connection === 'online');
  await conversation.send('hello');
  const called = new Set(urls.map(({ pathname }) => pathname));
  for (const procedure of ['account.register', 'groups.post', 'inbox.openStream', 'streams.events'])
    expect(called).toContain(`/trpc/${procedure}`);
  expect(
    urls.filter(({ searchParams }) => searchParams.get('protocol') !== String(PROTOCOL_VERSION)),
  ).toEqual([]);
});

test.each([undefined, null, 'two', 1.5, PROTOCOL_VERSION])(
  'a relay that refuses our protocol and says that it speaks %s does not follow the protocol, and nothing is lost',
  async (relayProtocol) => {
    const net = network();
    const { alice, conversation, arrived } = await tea({ platform: net.platform });
    net.fail(({ procedure }) =>
      procedure === 'groups.post' ? refused('PROTOCOL_VERSION_MISMATCH', 412, { relayProtocol }) : undefined,
    );
    await expect(conversation.send('hello')).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
    expect(alice.trouble).toBeUndefined();
    net.mend();
    await alice.sync();
    expect(await arrived()).toEqual(['hello']);
  },
);
