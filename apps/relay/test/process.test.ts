import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';
import { runRelay } from './support/run-relay.ts';

let relay: RelayProcess;
let noDatabase: string;
beforeAll(async () => {
  relay = await startRelay();
  noDatabase = join(relay.folder, 'text.db');
  writeFileSync(noDatabase, 'no database at all'.repeat(100));
});
afterAll(() => relay.kill());

test.each([
  ['an unknown variable', () => ({ QPC_PROT: '1' }), 'QPC_PROT'],
  ['a malformed one', () => ({ QPC_PORT: 'x' }), 'QPC_PORT'],
  ['a port that is taken', () => ({ QPC_PORT: new URL(relay.url).port, QPC_ADMIN_PORT: '0' }), 'QPC_PORT'],
  [
    'a database that cannot be reached',
    () => ({ QPC_DATABASE: 'postgres://u:hush@127.0.0.1:1/y' }),
    'QPC_DATABASE',
  ],
  ['a database in what is no folder', () => ({ QPC_DATABASE: 'sqlite:/dev/null/x/y.db' }), 'QPC_DATABASE'],
  ['a file that is no database', () => ({ QPC_DATABASE: `sqlite:${noDatabase}` }), 'QPC_DATABASE'],
  ['NATS without a database that relays can share', () => ({ QPC_NATS: 'nats://u:hush@x' }), 'QPC_NATS'],
])('%s stops the start with one sentence', async (_name, env, named) => {
  const { exit, output } = await runRelay({ QPC_DATABASE: 'sqlite::memory:', ...env() });
  expect(exit).not.toBe(0);
  expect(output.split('\n')).toHaveLength(1);
  expect(output).toContain(named);
  expect(output).not.toMatch(/ at |\.ts:|hush/);
});

test('livez, readyz and metrics answer on the admin port, and name nobody', async () => {
  for (const path of ['/livez', '/readyz']) expect((await fetch(relay.adminUrl + path)).status).toBe(200);
  const metrics = await (await fetch(`${relay.adminUrl}/metrics`)).text();
  expect(metrics).toContain('quicprochat_relay_');
  expect(metrics).not.toMatch(/127\.0\.0\.1|handle="|device="|group="/);
  expect((await fetch(`${relay.url}/metrics`)).status).toBe(404);
});

test('health tells by its exit code whether the relay of this environment serves', async () => {
  const ask = (port: string) =>
    runRelay({ QPC_ADMIN_PORT: port }, { entry: 'qpc-relay.ts', words: ['health'] });
  expect(await ask(new URL(relay.adminUrl).port)).toEqual({ exit: 0, output: 'ready' });
  // The clients' port is not the one.
  expect((await ask(new URL(relay.url).port)).exit).toBe(1);
  expect(await ask('1')).toEqual({ exit: 1, output: 'no answer' });
  expect((await ask('x')).exit).toBe(3);
});

test('RLY-46 killed in the middle of writes and started again, it has all that it acknowledged, once', async () => {
  const group = await new TestGroup(relay.url).create();
  const acknowledged: number[] = [];
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted) {
      // A write without an answer may or may not have been stored: only answers count.
      await group.post('', { payload: randomBytes(100) }).then(
        (sequence) => acknowledged.push(sequence),
        () => new Promise((resolve) => setTimeout(resolve, 20)),
      );
    }
  })();
  for (let round = 1; round <= 5; round++) {
    while (acknowledged.length < round * 10) await new Promise((resolve) => setTimeout(resolve, 5));
    await relay.kill();
    await relay.start();
  }
  stop.abort();
  await writing;

  const sequences: number[] = [];
  for (let cursor = 0, more = true; more;) {
    const page = await group.read({ cursor, limit: 100 });
    sequences.push(...page.entries.map(({ sequence }) => sequence));
    cursor = page.cursor;
    more = page.more;
  }
  expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, i) => i + 1));
  expect(acknowledged.filter((sequence) => !sequences.includes(sequence))).toEqual([]);
  expect(new Set(acknowledged).size).toBe(acknowledged.length);
}, 60_000);

test('told to stop, it ends with 0', async () => {
  const stopping = await startRelay();
  await stopping.stop();
  await expect(fetch(`${stopping.adminUrl}/livez`)).rejects.toThrow();
});

test('RLY-64 while it drains it is alive and not ready, answers what has begun and nothing more, and ends with 0', async () => {
  const draining = await startRelay();
  const begun = request(`${draining.url}/trpc/auth.challenge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 2, expect: '100-continue' },
  });
  // The relay has the call's head, and asks for its body.
  begun.flushHeaders();
  await once(begun, 'continue');
  const stopped = draining.stop();
  const statusOf = async (url: string) => (await fetch(url)).status;
  await expect.poll(() => statusOf(`${draining.adminUrl}/readyz`)).toBe(503);
  expect(await statusOf(`${draining.adminUrl}/livez`)).toBe(200);
  expect(await statusOf(`${draining.url}/trpc/auth.challenge`)).toBe(503);

  const answered = once(begun, 'response') as Promise<[IncomingMessage]>;
  begun.end('{}');
  const [answer] = await answered;
  answer.resume();
  expect(answer.statusCode).toBe(200);
  await stopped;
  await expect(fetch(`${draining.adminUrl}/livez`)).rejects.toThrow();
});
