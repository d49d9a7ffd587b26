import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { once } from 'node:events';
import { isRelayErrorCode, LIMITS, type RelayErrorData } from '@quicprochat/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relayRouter } from '../src/index.ts';
import { refusalOf, apiOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

/** Every procedure there is: a new one is covered by what follows without anybody's doing. */
const PROCEDURES = Object.keys(relayRouter._def.procedures);
const MUTATIONS = PROCEDURES.filter((name) => name !== 'streams.events');

let relay: TestRelay;
let device: TestDevice;
beforeAll(async () => {
  relay = await startRelay({ rateFactor: 1_000 });
  device = await new TestDevice(relay.url, 'alice').register();
});
afterAll(() => relay.close());

interface Answer {
  status: number;
  text: string;
  code: string | undefined;
}

/** A request as anyone could make it, with any body, and what came back. */
async function send(path: string, init: RequestInit = {}, url = relay.url): Promise<Answer> {
  const response = await fetch(`${url}${path}`, { method: 'POST', ...init });
  const text = await response.text();
  const json = (text.startsWith('{') ? JSON.parse(text) : {}) as { error?: { data?: RelayErrorData } };
  return { status: response.status, text, code: json.error?.data?.qpc.code };
}

function call(procedure: string, body: string, url = relay.url): Promise<Answer> {
  const authorization = procedure.startsWith('groups.') || procedure.startsWith('auth.') ? {} : bearer();
  const headers = { 'content-type': 'application/json', ...authorization };
  return send(`/trpc/${procedure}`, { body, headers }, url);
}

const bearer = () => ({ authorization: `Bearer ${device.token}` });

/** A refusal is typed, and says nothing that was not made for callers. */
function expectTyped(answer: Answer): void {
  expect(isRelayErrorCode(answer.code), answer.text.slice(0, 300)).toBe(true);
  expect(answer.code).not.toBe('INTERNAL');
  expect(answer.text).not.toMatch(/stack|node_modules|\.ts:|SQLITE|\/src\//i);
}

const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
const HOSTILE: [string, string][] = [
  ['nothing', ''],
  ['null', 'null'],
  ['a number', '7'],
  ['a text', '"x"'],
  ['a list', '[]'],
  ['an unknown field', '{"unknown":1}'],
  ['no JSON', '{"a":'],
  ['NaN', '{"epoch":NaN}'],
  ['a prototype', '{"__proto__":{"handle":"x"},"constructor":{"prototype":{"x":1}}}'],
  ['numbers beyond', '{"epoch":9007199254740993,"cursor":-1,"limit":1e309,"suite":1.5}'],
  ['negative zero and fractions', '{"cursor":-0.5,"limit":-0,"sequence":0.1}'],
  ['lone surrogates', '{"handle":"\\ud800","groupId":"\\udfff"}'],
  [
    'wrong types everywhere',
    '{"handle":[],"suite":"1","keyPackages":{},"groupId":7,"proof":"x","recipients":null}',
  ],
  ['depth', deep],
  ['a long text', JSON.stringify({ handle: 'x'.repeat(1_000_000) })],
];

describe.each(MUTATIONS)('%s', (procedure) => {
  test.each(HOSTILE)(`RLY-2 ${procedure} given %s answers with a typed error`, async (_name, body) => {
    const answer = await call(procedure, body);
    // An empty object is all that signing in needs; everything else here is refused.
    expectTyped(answer);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  test(`RLY-1 ${procedure} is not called by GET`, async () => {
    const answer = await send(`/trpc/${procedure}?input=${encodeURIComponent('{}')}`, {
      method: 'GET',
      headers: bearer(),
    });
    expectTyped(answer);
  });

  test(`RLY-4 ${procedure} does not take a body over the limit`, async () => {
    // Without a proxy between: it is cut off while it still sends, and the answer may not get through it.
    const body = JSON.stringify({ handle: 'x'.repeat(LIMITS.maxBodyBytes) });
    const answer = await call(procedure, body, relay.direct);
    expect([answer.status, answer.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });
});

test('RLY-1 streams.events takes nothing but a ticket that is good', async () => {
  for (const input of ['', '{}', 'null', JSON.stringify({ ticket: randomBytes(32).toString('base64url') })]) {
    const response = await fetch(`${relay.url}/trpc/streams.events?input=${encodeURIComponent(input)}`);
    const text = await response.text();
    expect(text).toMatch(/BAD_INPUT|REPLAYED/);
    expect(text).not.toMatch(/stack|\.ts:/);
  }
});

test.each([
  ['GET', '/', undefined, 404],
  ['GET', '/trpc', undefined, 404],
  ['POST', '/trpc/no.such', '{}', 404],
  ['POST', '/trpc/__proto__', '{}', 404],
  ['POST', '/trpc/..%2f..%2fetc%2fpasswd', '{}', 404],
  ['PUT', '/trpc/auth.challenge', '{}', 404],
])('RLY-2 %s %s is told apart in the relay’s own form', async (method, path, body, status) => {
  const init = {
    method,
    ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
  };
  const answer = await send(path, init);
  expectTyped(answer);
  expect(answer.code).toBe(answer.status === 405 ? 'NO_SUCH_PROCEDURE' : answer.code);
  expect([400, status, 405]).toContain(answer.status);
});

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
])('RLY-2 a body of type %s is refused', async (type) => {
  const answer = await send('/trpc/auth.challenge', { body: '{}', headers: { 'content-type': type } });
  expectTyped(answer);
  expect(answer.status).toBeGreaterThanOrEqual(400);
});

test('RLY-2 what is no HTTP at all closes its own connection and no other', async () => {
  const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.end('\u0000\u0001 this is not HTTP\r\n\r\n');
  await once(socket, 'close');
  expect((await apiOf(relay.url).auth.challenge.mutate({})).challenge).toHaveLength(43);
});

test('RLY-5 a batch over the limit is refused whole', async () => {
  const count = LIMITS.maxBatchCalls + 1;
  const names = Array.from({ length: count }, () => 'auth.challenge').join();
  const body = JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [i, {}])));
  const before = await challenges();
  const response = await fetch(`${relay.url}/trpc/${names}?batch=1`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  const text = await response.text();
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(text).toContain('BAD_INPUT');
  expect(await challenges()).toBe(before);
});

async function challenges(): Promise<number> {
  const { count } = await relay.db
    .selectFrom('challenges')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

test('RLY-6 a fault that nobody foresaw is an incident, and the operator has it under the same id', async () => {
  const broken = await startRelay();
  await broken.db.schema.dropTable('challenges').execute();
  const { code, details } = await refusalOf(apiOf(broken.url).auth.challenge.mutate({}));
  expect(code).toBe('INTERNAL');
  expect(broken.faults.map(({ incident }) => incident)).toEqual([details.incident]);
  const { text } = await send(
    '/trpc/auth.challenge',
    { body: '{}', headers: { 'content-type': 'application/json' } },
    broken.url,
  );
  expect(text).not.toMatch(/challenges|table|SQLITE/);
  await broken.close();
});

test('RLY-8 pages of the configured origins may call, and others may not', async () => {
  const allowedFor = async (origin: string) => {
    const response = await fetch(`${relay.url}/trpc/auth.challenge`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,authorization',
      },
    });
    return response.headers.get('access-control-allow-origin');
  };
  expect(await allowedFor('http://localhost:3000')).toBe('http://localhost:3000');
  expect(await allowedFor('https://evil.example')).toBeNull();
});

test('RLY-9 an address that calls too often is told when to come back', async () => {
  const strict = await startRelay({ rateFactor: 0.01, instances: 1 });
  const api = apiOf(strict.url);
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => api.auth.challenge.mutate({})));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  const { code, details } = await refusalOf(api.auth.challenge.mutate({}));
  expect(code).toBe('RATE_LIMITED');
  expect(details.retryAfterMs).toBeGreaterThan(0);
  await strict.close();
});

test('RLY-38 no column says who wrote an entry, when, or from where', async () => {
  const tables = await relay.db.introspection.getTables();
  const entries = tables.find(({ name }) => name === 'entries');
  expect(entries?.columns.map(({ name }) => name).sort()).toEqual(
    ['log_id', 'sequence', 'epoch', 'kind', 'entry_id', 'payload', 'digest', 'head'].sort(),
  );
});
