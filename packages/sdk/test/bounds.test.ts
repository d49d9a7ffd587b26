import { LIMITS } from '@quicprochat/protocol';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import { Client } from '../src/api/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { fetchWhole, type Network } from '../src/transport/bounded-fetch.ts';
import { BACKOFF_MS } from '../src/sync/backoff.ts';
import {
  ANSWER_SILENCE_MS,
  mostAnswerBytes,
  OVERDUE_MS,
  STREAM_SILENCE_MS,
} from '../src/transport/bounds.ts';
import { follow } from '../src/transport/event-stream.ts';
import { Link } from '../src/transport/link.ts';
import { ManualTimers } from './support/manual-timers.ts';
import { startSlowServer, writeWithoutEnd } from './support/slow-server.ts';

/** What is on its way when a reader leaves: sockets and the buffers of both ends. */
const ON_THE_WAY = 8 * 1024 * 1024;

const JSON_HEADERS = { 'content-type': 'application/json' };

function call(network: Partial<Network>, url: string, procedure: string, body = '{}'): Promise<Response> {
  return fetchWhole({ ...platform, link: new Link(), ...network }, `${url}/trpc/${procedure}`, {
    init: { method: 'POST', body },
    check: () => undefined,
  });
}

test.each(['auth.challenge', 'groups.read', 'groups.candidate', 'inbox.read', 'keyPackages.claim'])(
  'an answer to %s that never ends is given up after as many bytes as a true one can have',
  async (procedure) => {
    const server = await startSlowServer();
    const answer = call({}, server.url, procedure);
    const response = await server.next();
    response.writeHead(200, JSON_HEADERS);
    const written = writeWithoutEnd(response, 'x'.repeat(64 * 1024));
    await expect(answer).rejects.toMatchObject({
      code: 'RELAY_MISBEHAVED',
      name: 'TransportError',
      retryable: true,
    });
    await written.left;
    expect(written.bytes).toBeLessThan(mostAnswerBytes(procedure) + ON_THE_WAY);
  },
);

test('a client refuses an endless answer with a typed error', async () => {
  const server = await startSlowServer();
  const client = Client.create({ relay: server.url, handle: 'alice', storage: memoryStorage(), live: false });
  const response = await server.next();
  response.writeHead(200, JSON_HEADERS);
  const written = writeWithoutEnd(response, '{"result":'.repeat(1_000));
  await expect(client).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  await written.left;
  expect(written.bytes).toBeLessThan(ON_THE_WAY);
});

test('a page of the largest size is taken', async () => {
  const server = await startSlowServer();
  const answer = call({}, server.url, 'groups.read');
  const response = await server.next();
  const bytes = mostAnswerBytes('groups.read');
  response.writeHead(200, JSON_HEADERS).end('x'.repeat(bytes));
  expect((await (await answer).arrayBuffer()).byteLength).toBe(bytes);
});

test('an answer that takes minutes arrives, as long as it never pauses for too long', async () => {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const answer = call({ timers }, server.url, 'groups.read');
  const response = await server.next();
  response.writeHead(200, JSON_HEADERS);
  for (let i = 0; i < 10; i++) {
    timers.pass(ANSWER_SILENCE_MS - 1);
    response.write(`piece ${i} `);
    // What has arrived winds the clock up again: a fresh sleep has begun when the old one is over.
    await passesWithoutEffect(timers, answer);
  }
  response.end('end');
  expect(await (await answer).text()).toMatch(/^piece 0 .* piece 9 end$/);
});

/** Waits until the client has read what was written: only then may time pass again. */
async function passesWithoutEffect(timers: ManualTimers, answer: Promise<unknown>): Promise<void> {
  const settled = await Promise.race([
    answer.then(
      () => 'settled',
      () => 'settled',
    ),
    eventually('the client waits for the next piece', () => timers.sleeping === 1 && timers.isFresh),
  ]);
  expect(settled).not.toBe('settled');
}

test('a relay that falls silent before its answer is NETWORK', async () => {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const answer = call({ timers }, server.url, 'groups.post');
  const response = await server.next();
  timers.pass(ANSWER_SILENCE_MS + 1);
  await expect(answer).rejects.toMatchObject({ code: 'NETWORK', retryable: true });
  if (!response.destroyed) await new Promise((resolve) => response.once('close', resolve));
});

test('a relay that falls silent in the middle of its answer is NETWORK', async () => {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const answer = call({ timers }, server.url, 'groups.read');
  const response = await server.next();
  response.writeHead(200, JSON_HEADERS).write('{"result":');
  const failing = expect(answer).rejects.toMatchObject({
    code: 'NETWORK',
    retryable: true,
    details: { reason: 'broke-off' },
  });
  const left = new Promise((resolve) => response.once('close', resolve));
  await eventually('the client gives up', () => {
    timers.pass(ANSWER_SILENCE_MS);
    return response.destroyed;
  });
  await Promise.all([failing, left]);
});

test('two calls in a row that are not answered leave a third time for an answer within a minute', () => {
  expect(2 * ANSWER_SILENCE_MS).toBeLessThan(60_000 - BACKOFF_MS.first * 4);
});

/** The largest request, and how long it takes at 10 kB in a second. */
const LARGEST = LIMITS.maxBodyBytes;
const LARGEST_MS = LARGEST / 10;

test('a request of the largest size is given the time that it takes on a slow link', async () => {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const answer = call({ timers }, server.url, 'groups.post', 'x'.repeat(LARGEST));
  const response = await server.next();
  timers.pass(LARGEST_MS);
  response.writeHead(200, JSON_HEADERS).end('{}');
  expect((await answer).ok).toBe(true);
});

/** A large request that goes out on a link, and what is sent after it. */
async function behindLarge<Later>(later: (network: Partial<Network> & { link: Link }, url: string) => Later) {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const link = new Link();
  const large = call({ timers, link }, server.url, 'groups.post', 'x'.repeat(LARGEST));
  const first = await server.next();
  const small = later({ timers, link }, server.url);
  const second = await server.next();
  return { timers, link, large, first, small, second };
}

const smallCall = (network: Partial<Network>, url: string) => call(network, url, 'groups.read');

const openingStream = (network: Partial<Network> & { link: Link }, url: string) => {
  const parts = { ...platform, ...network };
  return follow(parts, url, { ticket: 'a ticket', signal: new AbortController().signal }).next();
};

test('a small request is given the time of a large one that goes out before it, while the relay is heard', async () => {
  const { timers, link, large, small, first, second } = await behindLarge(smallCall);
  for (let passedMs = 0; passedMs < LARGEST_MS; passedMs += STREAM_SILENCE_MS) {
    link.heard += 1;
    timers.pass(STREAM_SILENCE_MS);
    await new Promise((resolve) => setTimeout(resolve));
  }
  for (const response of [first, second]) response.writeHead(200, JSON_HEADERS).end('{}');
  expect([(await large).ok, (await small).ok]).toEqual([true, true]);
});

test('a stream that opens behind a large request is given longer than one that has the link to itself', async () => {
  const { timers, large, first, small, second } = await behindLarge(openingStream);
  timers.pass(2 * ANSWER_SILENCE_MS);
  second
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .write('data: {"type":"key-packages-low"}\n\n');
  expect(await small).toMatchObject({ value: { type: 'key-packages-low' } });
  first.writeHead(200, JSON_HEADERS).end('{}');
  await large;
});

test('a small request is given up, and the large one with it, when the relay is not heard any more', async () => {
  const { timers, link, large, small } = await behindLarge(smallCall);
  link.heard += 1;
  const failing = Promise.all(
    [large, small].map((one) => expect(one).rejects.toMatchObject({ code: 'NETWORK' })),
  );
  for (let passedMs = 0; passedMs <= 3 * 61_000; passedMs += 61_000) {
    timers.pass(61_000);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await failing;
});

test.each([
  ['a call', smallCall],
  ['a stream', openingStream],
])(
  '%s behind a large request is given up after a minute if nothing comes, and the large one with it',
  async (_what, later) => {
    const { timers, large, small } = await behindLarge<Promise<unknown>>(later);
    const failing = Promise.all(
      [large, small].map((one) => expect(one).rejects.toMatchObject({ code: 'NETWORK' })),
    );
    timers.pass(61_000);
    await failing;
  },
);

test('a large request is given up when a stream is silent as well, and nothing else came', async () => {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const link = new Link();
  const large = call({ timers, link }, server.url, 'groups.post', 'x'.repeat(LARGEST));
  await server.next();
  const network = { ...platform, timers, link };
  const stream = follow(network, server.url, { ticket: 'a ticket', signal: new AbortController().signal });
  const opening = stream.next();
  (await server.next())
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .write('data: {"type":"key-packages-low"}\n\n');
  await opening;
  const next = stream.next();
  const failing = Promise.all(
    [large, next].map((one) => expect(one).rejects.toMatchObject({ code: 'NETWORK' })),
  );
  await eventually('the client waits for the next event', () => timers.sleeping === 2);
  timers.pass(STREAM_SILENCE_MS);
  await failing;
});

/** Counts the calls that are overdue, and lets time pass only after the client has gone to sleep anew. */
function overdueWatch() {
  const timers = new ManualTimers();
  const watch = {
    timers,
    overdue: 0,
    onOverdue: () => {
      watch.overdue += 1;
      return () => (watch.overdue -= 1);
    },
    pass: async (ms: number) => {
      timers.pass(ms);
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
  return watch;
}

test('an answer is overdue while nothing comes of it, and not while it arrives slowly', async () => {
  const server = await startSlowServer();
  const watch = overdueWatch();
  const link = new Link();
  const answer = call({ ...watch, link }, server.url, 'groups.read');
  const response = await server.next();
  await watch.pass(2 * OVERDUE_MS);
  expect(watch.overdue).toBe(1);
  response.writeHead(200, JSON_HEADERS).write('piece');
  await eventually('it arrives', () => watch.overdue === 0);
  for (let piece = 0; piece < 20; piece += 1) {
    const { heard } = link;
    response.write('piece');
    await eventually('the piece is there', () => link.heard > heard);
    await watch.pass(OVERDUE_MS - 1);
    expect(watch.overdue).toBe(0);
  }
  await watch.pass(OVERDUE_MS);
  await watch.pass(OVERDUE_MS);
  expect(watch.overdue).toBe(1);
  response.end();
  await answer;
  expect(watch.overdue).toBe(0);
});

test('an answer is not overdue while another one is arriving on the same link', async () => {
  const server = await startSlowServer();
  const watch = overdueWatch();
  const link = new Link();
  const page = call({ ...watch, link }, server.url, 'groups.read');
  const first = await server.next();
  first.writeHead(200, JSON_HEADERS);
  const small = call({ ...watch, link }, server.url, 'groups.post');
  const second = await server.next();
  for (let piece = 0; piece < 3; piece += 1) {
    const { heard } = link;
    first.write('piece');
    await eventually('the piece is there', () => link.heard > heard);
    await watch.pass(OVERDUE_MS - 1);
    expect(watch.overdue).toBe(0);
  }
  for (const response of [first, second]) response.end('{}');
  await Promise.all([page, small]);
});
