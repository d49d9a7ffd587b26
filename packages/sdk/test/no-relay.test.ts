import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@quicprochat/testkit';
import { afterEach, expect, test } from 'vitest';
import { people, textsOf } from './support/people.ts';
import { platform } from '#platform';

const town = people();
const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answer =
  (status: number, type: string, body: string): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': type }).end(body);

const NONE = {
  message: expect.stringContaining('is not a relay. Check the address'),
  details: { reason: 'not-a-relay' },
};
const AWAY = {
  message: 'The relay is away, as the server in front of it says. Try again later.',
  details: { reason: 'gateway' },
};
const BROKEN = {
  message: 'The connection to the relay broke. Try again.',
  details: { reason: 'broke-off' },
};

test.each([
  ['a page', answer(200, 'text/html', '<html>Hello</html>'), NONE],
  [
    'a page for what it does not have',
    answer(404, 'text/html; charset=utf-8', '<html>Nothing here</html>'),
    NONE,
  ],
  ['a server that takes no POST', answer(501, 'text/plain', 'Unsupported method'), NONE],
  ['another API', answer(200, 'application/json', '{"hello":"world"}'), NONE],
  ['another API’s error', answer(404, 'application/json', '{"error":{"code":404,"message":"no"}}'), NONE],
  ['a proxy’s page, the relay being away', answer(502, 'text/html', '<html>Bad Gateway</html>'), AWAY],
  ['a proxy’s JSON, the relay being away', answer(503, 'application/json', '{"message":"away"}'), AWAY],
  ['an answer that breaks off', breakOff, BROKEN],
])('%s', async (_what, listener, told) => {
  const relay = await serve(listener);
  await expect(town.open({ relay, handle: 'someone' })).rejects.toMatchObject({
    code: 'NETWORK',
    retryable: true,
    ...told,
  });
});

function breakOff(...[, response]: Parameters<RequestListener>): void {
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 })
    .write('{"result":');
  setImmediate(() => response.destroy());
}

test.each([
  ['that names no host', 'http://relay.invalid', ['unknown-host', 'offline']],
  ['where nothing listens', '', ['refused']],
  ['of a server without TLS, called with it', 'https:', ['tls', 'unreachable']],
])('an address %s is told by its reason', async (_what, address, reasons) => {
  const open = await serve(() => undefined);
  const closed = `http://127.0.0.1:${await freePort()}`;
  const relay = address === 'https:' ? open.replace('http:', address) : address || closed;
  const error: unknown = await town.open({ relay, handle: 'someone' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'NETWORK', retryable: true });
  // Without a network, no name can be looked up; some versions of TLS end the connection without a word.
  expect(reasons).toContain((error as { details: { reason: string } }).details.reason);
});

test('the relay’s own admin port is none', async () => {
  const open = town.open({ relay: town.relay().adminUrl, handle: 'someone' });
  await expect(open).rejects.toMatchObject({ code: 'NETWORK', ...NONE });
});

test('what is queued outlives a network that answers in the relay’s place', async () => {
  let isCaptive = false;
  const fetch: typeof globalThis.fetch = async (...args) =>
    isCaptive
      ? new Response('<html>Accept our terms</html>', { headers: { 'content-type': 'text/html' } })
      : platform.net.fetch(...args);
  const alice = await town.join('alice', { platform: { ...platform, net: { ...platform.net, fetch } } });
  const tea = await alice.conversations.create({ members: [] });
  isCaptive = true;
  await expect(tea.send('on the train', { signal: AbortSignal.timeout(500) })).rejects.toThrow();
  expect(tea.lastMessage?.state).toBe('queued');
  isCaptive = false;
  await alice.sync();
  expect([await textsOf(tea), tea.lastMessage?.state]).toEqual([['on the train'], 'sent']);
});
