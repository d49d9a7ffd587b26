import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let relay: RelayProcess;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.kill());

/** Starts another relay that is expected not to come up. */
async function refusedStart(env: Record<string, string>): Promise<{ exit: number; output: string }> {
  const child = spawn(process.execPath, ['--conditions=@quicprochat/source', MAIN], {
    env: { PATH: process.env['PATH'] ?? '', QPC_DATABASE: 'sqlite::memory:', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exit] = (await once(child, 'close')) as [number];
  return { exit, output: output.trim() };
}

test.each([
  ['an unknown variable', () => ({ QPC_PROT: '1' }), 'QPC_PROT'],
  ['a malformed one', () => ({ QPC_PORT: 'x' }), 'QPC_PORT'],
  ['a port that is taken', () => ({ QPC_PORT: new URL(relay.url).port, QPC_ADMIN_PORT: '0' }), 'QPC_PORT'],
  [
    'a database that cannot be reached',
    () => ({ QPC_DATABASE: 'postgres://u:hush@127.0.0.1:1/y' }),
    'QPC_DATABASE',
  ],
  ['NATS without a database that relays can share', () => ({ QPC_NATS: 'nats://u:hush@x' }), 'QPC_NATS'],
])('%s stops the start with one sentence', async (_name, env, named) => {
  const { exit, output } = await refusedStart(env());
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
