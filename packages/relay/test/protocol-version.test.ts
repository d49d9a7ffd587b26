import { blobPath, PROTOCOL_VERSION, type RelayErrorData } from '@quicprochat/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newBlob } from './support/blob.ts';
import { newFolder, type TestBlobStore } from './support/blob-stores.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

/** The number that the relay of this file speaks, and a client's of before. */
const [NEWER, OLDER] = [PROTOCOL_VERSION + 1, PROTOCOL_VERSION];

let store: TestBlobStore;
let relay: TestRelay;
beforeAll(async () => {
  store = await newFolder();
  relay = await startRelay({ protocolVersion: NEWER, blobs: store.at, rateFactor: 1_000 });
});
afterAll(async () => {
  await relay.close();
  await store.remove();
});

/** A request that names what it is given as its protocol, and nothing if that is undefined. */
function send(path: string, init: RequestInit, protocol?: string | number): Promise<Response> {
  const url = new URL(path, relay.url);
  if (protocol !== undefined) url.searchParams.set('protocol', String(protocol));
  return fetch(url, init);
}

function posted(input: unknown, more: Record<string, string> = {}): RequestInit {
  const headers = { 'content-type': 'application/json', ...more };
  return { method: 'POST', headers, body: JSON.stringify(input) };
}

const MISMATCH = {
  status: 412,
  qpc: { code: 'PROTOCOL_VERSION_MISMATCH', retryable: true, details: { relayProtocol: NEWER } },
};

async function answerOf(response: Response) {
  const { error } = (await response.json()) as { error?: { data: RelayErrorData } };
  return { status: response.status, qpc: error?.data.qpc };
}

describe('a request that names another protocol', () => {
  /** Everything that a client sends: the request is good, and would be served. */
  const REQUESTS: [string, () => Promise<{ path: string; init: RequestInit; status: number }>][] = [
    [
      'a registration',
      async () => {
        const device = new TestDevice(relay.url, 'alice');
        return { path: '/trpc/account.register', init: posted(await device.registration()), status: 200 };
      },
    ],
    [
      'a new group',
      async () => {
        const input = new TestGroup(relay.url).creation();
        return { path: '/trpc/groups.create', init: posted(input), status: 200 };
      },
    ],
    [
      'a message',
      async () => {
        const group = await new TestGroup(relay.url).create();
        return { path: '/trpc/groups.post', init: posted(group.message()), status: 200 };
      },
    ],
    [
      'a stream',
      async () => {
        const device = await new TestDevice(relay.url, 'bob').register();
        const { ticket } = await device.api.inbox.openStream.mutate({ cursor: 0 });
        const path = `/trpc/streams.events?input=${encodeURIComponent(JSON.stringify({ ticket }))}`;
        return { path, init: {}, status: 200 };
      },
    ],
    [
      'the bytes of a blob',
      async () => {
        const group = await new TestGroup(relay.url).create();
        const blob = await newBlob(relay.url, group).create();
        const body = new Uint8Array(blob.bytes);
        const init = { method: 'PATCH', headers: blob.patchHeaders(0), body };
        return { path: blobPath(blob.id), init, status: 204 };
      },
    ],
  ];

  test.each(REQUESTS)(
    'RLY-101 is refused: %s, and nothing of it was stored or used up',
    async (_what, make) => {
      const { path, init, status } = await make();
      expect(await answerOf(await send(path, init, OLDER))).toEqual(MISMATCH);
      // Challenges, nonces and tickets count once, and an upload that has begun would be somewhere else.
      const served = await send(path, init, NEWER);
      expect(served.status).toBe(status);
      await served.body?.cancel();
    },
  );

  test.each([OLDER - 1, '', 'x', `${NEWER}.0`, `0${NEWER}`])('RLY-101 is refused: “%s”', async (protocol) => {
    expect(await answerOf(await send('/trpc/auth.challenge', posted({}), protocol))).toEqual(MISMATCH);
  });

  test('RLY-101 is refused if it names two', async () => {
    const path = `/trpc/auth.challenge?protocol=${NEWER}&protocol=${NEWER}`;
    expect(await answerOf(await send(path, posted({})))).toEqual(MISMATCH);
  });

  test.each([
    ['its input', '/trpc/auth.challenge', posted({ unknown: 1 })],
    ['its procedure', '/trpc/no.such', posted({})],
    ['its method', '/trpc/auth.challenge', { method: 'PUT' }],
    ['its session', '/trpc/inbox.read', posted({}, { authorization: 'Bearer none' })],
    ['the type of its body', '/trpc/auth.challenge', { method: 'POST', body: 'text' }],
    ['its path', '/nowhere', {}],
  ])('RLY-101 is refused before the relay judges %s', async (_what, path, init) => {
    expect(await answerOf(await send(path, init, OLDER))).toEqual(MISMATCH);
  });
});

test('RLY-101 a request that names the relay’s protocol is served, and so is one that names none', async () => {
  for (const protocol of [NEWER, undefined])
    expect((await send('/trpc/auth.challenge', posted({}), protocol)).status).toBe(200);
});

test('a call that names the protocol is answered in one piece, as one that names none', async () => {
  for (const protocol of [NEWER, undefined]) {
    const response = await send('/trpc/auth.challenge', posted({}), protocol);
    // tRPC's adapter answers with a stream, whose length is not known before.
    expect(response.headers.get('content-length')).toBe(String((await response.text()).length));
  }
});

test('RLY-101 a page of a configured origin can read which protocol the relay speaks', async () => {
  const init = posted({}, { origin: 'http://localhost:3000' });
  const response = await send('/trpc/auth.challenge', init, OLDER);
  expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  expect(await answerOf(response)).toEqual(MISMATCH);
});

test('RLY-101 the operator sees how many requests are refused for their protocol', async () => {
  const reasons: string[] = [];
  const observed = await startRelay({
    protocolVersion: NEWER,
    instances: 1,
    observe: (event) => {
      if (event.type === 'refused') reasons.push(event.reason);
    },
  });
  await fetch(`${observed.url}/trpc/auth.challenge?protocol=${OLDER}`, posted({}));
  expect(reasons).toEqual(['protocol']);
  await observed.close();
});
