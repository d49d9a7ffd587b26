import type { ServerResponse } from 'node:http';
import type { RelayEvent } from '../src/transport/answers.ts';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import type { Network } from '../src/transport/bounded-fetch.ts';
import { MOST_EVENT_CHARS, STREAM_SILENCE_MS } from '../src/transport/bounds.ts';
import { follow } from '../src/transport/event-stream.ts';
import { Link } from '../src/transport/link.ts';
import { ManualTimers } from './support/manual-timers.ts';
import { startSlowServer, writeWithoutEnd } from './support/slow-server.ts';

/** What is on its way when a reader leaves: sockets and the buffers of both ends. */
const ON_THE_WAY = 8 * 1024 * 1024;

const OPEN = 'event: connected\ndata: {}\n\ndata: {"type":"open"}\n\n';
const PING = 'event: ping\ndata: \n\n';
const RETURN = 'event: return\ndata: \n\n';

/** A stream that has just been opened, both ends of it. */
async function opened(parts: Partial<Network> = {}) {
  const network = { ...platform, link: new Link(), ...parts };
  const server = await startSlowServer();
  const leaving = new AbortController();
  const events = follow(network, server.url, { ticket: 'a ticket', signal: leaving.signal });
  const first = events.next();
  const response = await server.next();
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(OPEN);
  expect((await first).value).toEqual({ type: 'open' });
  return { events, response, leave: () => leaving.abort() };
}

async function rest(events: AsyncGenerator<RelayEvent>): Promise<RelayEvent[]> {
  const all: RelayEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const closed = (response: ServerResponse) => eventually('the reader left', () => response.destroyed);

test('gives the events of a stream in order, and ends where the relay says so', async () => {
  const { events, response } = await opened();
  const low = 'data: {"type":"key-packages-low"}\n\n';
  response.write(`${PING}${low}data: {"type":"key-packa`);
  response.write('ges-low"}\n\n: a comment\n\nevent: of a later version\ndata: {}\n\n');
  response.end(RETURN);
  const lows = [{ type: 'key-packages-low' }, { type: 'key-packages-low' }];
  expect(await rest(events)).toEqual([{ type: 'ping' }, ...lows]);
});

test('each piece of an event that arrives slowly is a sign of life', async () => {
  const { events, response } = await opened();
  for (let piece = 0; piece < 3; piece += 1) {
    const next = events.next();
    response.write(piece === 0 ? 'data: {"type":"signal","payload":"' : 'x');
    expect((await next).value).toEqual({ type: 'ping' });
  }
  response.end(`"}\n\n${RETURN}`);
  expect(await rest(events)).toMatchObject([{ type: 'signal', payload: 'xx' }]);
});

test.each([
  ['one line', 'data: ', 'x'.repeat(64 * 1024)],
  ['lines of one event', '', `data: ${'x'.repeat(1024)}\n`],
])(
  'an event that never ends, in %s, is given up after as much as a true one can have',
  async (_, head, piece) => {
    const { events, response } = await opened();
    response.write(head);
    const written = writeWithoutEnd(response, piece);
    await expect(rest(events)).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED', retryable: true });
    await written.left;
    expect(written.bytes).toBeLessThan(MOST_EVENT_CHARS + ON_THE_WAY);
  },
);

test('an event of the largest size is taken', async () => {
  const { events, response } = await opened();
  const payload = 'x'.repeat(MOST_EVENT_CHARS - 100);
  response.end(`data: {"type":"signal","payload":"${payload}"}\n\n${RETURN}`);
  const all = await rest(events);
  expect(all.filter(({ type }) => type !== 'ping')).toMatchObject([{ type: 'signal', payload }]);
});

test('what the client does not take stays with the relay: no queue grows', async () => {
  const { events, response, leave } = await opened();
  const written = writeWithoutEnd(response, `data: {"type":"signal","payload":"${'x'.repeat(16_000)}"}\n\n`);
  let [before, quiet] = [-1, 0];
  await eventually('nothing more is taken', async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    quiet = written.bytes === before ? quiet + 1 : 0;
    before = written.bytes;
    return quiet >= 10;
  });
  expect(written.bytes).toBeLessThan(ON_THE_WAY);
  // It goes on where it stopped as soon as the client reads again.
  expect((await events.next()).value).toMatchObject({ type: 'signal' });
  leave();
  await rest(events);
  await written.left;
});

test('a stream without a word is NETWORK after three pings that did not come', async () => {
  const timers = new ManualTimers();
  const { events, response } = await opened({ ...platform, timers });
  const failing = expect(rest(events)).rejects.toMatchObject({ code: 'NETWORK' });
  for (let i = 0; i < 4; i++) {
    await eventually('the client waits for the next ping', () => timers.sleeping === 1 && timers.isFresh);
    timers.pass(STREAM_SILENCE_MS - 1);
    response.write(PING);
  }
  await eventually('the client waits for the next ping', () => timers.sleeping === 1 && timers.isFresh);
  timers.pass(STREAM_SILENCE_MS);
  await failing;
  await closed(response);
});

test('a stream that breaks off without an end is NETWORK', async () => {
  const { events, response } = await opened();
  response.destroy();
  await expect(rest(events)).rejects.toMatchObject({ code: 'NETWORK' });
  const another = await opened();
  another.response.end();
  await expect(rest(another.events)).rejects.toMatchObject({ code: 'NETWORK' });
});

test('an abort ends the stream without an error, and closes the connection', async () => {
  const { events, response, leave } = await opened();
  const ending = rest(events);
  leave();
  expect(await ending).toEqual([]);
  await closed(response);
});

const REFUSAL = JSON.stringify({
  error: {
    message: 'UNAVAILABLE',
    data: { qpc: { code: 'UNAVAILABLE', retryable: true, details: { retryAfterMs: 1_000 } } },
  },
});

test.each([
  ['the relay’s refusal', 503, 'application/json', REFUSAL, 'UNAVAILABLE'],
  ['another API', 404, 'application/json', '{"message":"no"}', 'NETWORK'],
  ['a page', 200, 'text/html', '<html>', 'NETWORK'],
  [
    'an error in the stream',
    200,
    'text/event-stream',
    `event: serialized-error\ndata: ${JSON.stringify((JSON.parse(REFUSAL) as { error: unknown }).error)}\n\n`,
    'UNAVAILABLE',
  ],
  [
    'an error that no relay sends',
    200,
    'text/event-stream',
    'event: serialized-error\ndata: {"data":{}}\n\n',
    'RELAY_MISBEHAVED',
  ],
  ['what is no event', 200, 'text/event-stream', 'data: 7\n\n', 'RELAY_MISBEHAVED'],
  ['what is no JSON', 200, 'text/event-stream', 'data: {\n\n', 'RELAY_MISBEHAVED'],
])('a ticket that is answered with %s is a typed error', async (_, status, type, body, code) => {
  const server = await startSlowServer();
  const signal = new AbortController().signal;
  const events = rest(follow({ ...platform, link: new Link() }, server.url, { ticket: 'a ticket', signal }));
  const response = await server.next();
  response.writeHead(status, { 'content-type': type }).end(body);
  await expect(events).rejects.toMatchObject({ code });
});

test('a refusal that never ends is given up', async () => {
  const server = await startSlowServer();
  const signal = new AbortController().signal;
  const events = rest(follow({ ...platform, link: new Link() }, server.url, { ticket: 'a ticket', signal }));
  const response = await server.next();
  response.writeHead(503, { 'content-type': 'application/json' });
  const written = writeWithoutEnd(response, 'x'.repeat(64 * 1024));
  await expect(events).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  await written.left;
  expect(written.bytes).toBeLessThan(ON_THE_WAY);
});
