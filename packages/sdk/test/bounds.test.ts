import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import { Client } from '../src/api/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { fetchWhole, type Network } from '../src/transport/bounded-fetch.ts';
import { BACKOFF_MS } from '../src/sync/backoff.ts';
import { ANSWER_SILENCE_MS, answerWithinMs, mostAnswerBytes } from '../src/transport/bounds.ts';
import { ManualTimers } from './support/manual-timers.ts';
import { startSlowServer, writeWithoutEnd } from './support/slow-server.ts';

/** What is on its way when a reader leaves: sockets and the buffers of both ends. */
const ON_THE_WAY = 8 * 1024 * 1024;

const JSON_HEADERS = { 'content-type': 'application/json' };

function call(network: Network, url: string, procedure: string, body = '{}'): Promise<Response> {
  return fetchWhole(network, `${url}/trpc/${procedure}`, {
    init: { method: 'POST', body },
    check: () => undefined,
  });
}

test.each(['auth.challenge', 'groups.read', 'groups.candidate', 'inbox.read', 'keyPackages.claim'])(
  'an answer to %s that never ends is given up after as many bytes as a true one can have',
  async (procedure) => {
    const server = await startSlowServer();
    const answer = call(platform, server.url, procedure);
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
  const answer = call(platform, server.url, 'groups.read');
  const response = await server.next();
  const bytes = mostAnswerBytes('groups.read');
  response.writeHead(200, JSON_HEADERS).end('x'.repeat(bytes));
  expect((await (await answer).arrayBuffer()).byteLength).toBe(bytes);
});

test('an answer that takes minutes arrives, as long as it never pauses for too long', async () => {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const answer = call({ ...platform, timers }, server.url, 'groups.read');
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
  const answer = call({ ...platform, timers }, server.url, 'groups.post');
  const response = await server.next();
  timers.pass(ANSWER_SILENCE_MS + 1);
  await expect(answer).rejects.toMatchObject({ code: 'NETWORK', retryable: true });
  if (!response.destroyed) await new Promise((resolve) => response.once('close', resolve));
});

test('a relay that falls silent in the middle of its answer is NETWORK', async () => {
  const server = await startSlowServer();
  const timers = new ManualTimers();
  const answer = call({ ...platform, timers }, server.url, 'groups.read');
  const response = await server.next();
  response.writeHead(200, JSON_HEADERS).write('{"result":');
  const failing = expect(answer).rejects.toMatchObject({
    code: 'NETWORK',
    retryable: true,
    details: { brokeOff: true },
  });
  const left = new Promise((resolve) => response.once('close', resolve));
  await eventually('the client gives up', () => {
    timers.pass(ANSWER_SILENCE_MS);
    return response.destroyed;
  });
  await Promise.all([failing, left]);
});

test('two calls in a row that are not answered leave a third time for an answer within a minute', () => {
  expect(2 * answerWithinMs(0)).toBeLessThan(60_000 - BACKOFF_MS.first * 4);
});

test('a large request is given time to go out on a slow link, though not for ever', async () => {
  expect(answerWithinMs(0)).toBe(ANSWER_SILENCE_MS);
  const message = 128 * 1024;
  // At 16 kB in a second, it takes eight seconds to send.
  expect(answerWithinMs(message)).toBeGreaterThan(ANSWER_SILENCE_MS + 8_000);
  expect(answerWithinMs(12 * 1024 * 1024)).toBe(ANSWER_SILENCE_MS + 60_000);

  const server = await startSlowServer();
  const timers = new ManualTimers();
  const answer = call({ ...platform, timers }, server.url, 'groups.post', 'x'.repeat(message));
  const response = await server.next();
  timers.pass(ANSWER_SILENCE_MS + 1);
  response.writeHead(200, JSON_HEADERS).end('{}');
  expect((await answer).ok).toBe(true);
});
