import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { parseEnv } from '../src/env.ts';
import { dangersOf } from '../src/production.ts';
import { runRelay } from './support/run-relay.ts';

const root = mkdtempSync(join(tmpdir(), 'qpc-production-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'data-'));
});

/** Settings that a relay may serve people with. */
const safe = () => ({
  QPC_PRODUCTION: 'true',
  QPC_TRUSTED_PROXY: '10.0.0.2',
  QPC_PUBLIC_HOSTS: 'relay.quicprochat.net',
  QPC_ORIGINS: 'https://chat.quicprochat.net',
  QPC_DATABASE: `sqlite:${join(folder, 'relay.db')}`,
});

function dangers(change: Record<string, string> = {}): string[] {
  const env = parseEnv({ ...safe(), ...change });
  if ('problems' in env) throw new Error(env.problems.join('\n'));
  return dangersOf(env);
}

test('a safe configuration is in no danger', () => {
  expect(dangers()).toEqual([]);
  for (const host of ['::1', 'localhost', '10.1.2.3', '172.31.0.1', '192.168.1.1', 'fd00::1'])
    expect(dangers({ QPC_ADMIN_HOST: host })).toEqual([]);
});

test.each([
  ['QPC_TRUSTED_PROXY', ''],
  ['QPC_TRUSTED_PROXY', '0.0.0.0/0'],
  ['QPC_TRUSTED_PROXY', '10.0.0.2,::/0'],
  ['QPC_TRUSTED_PROXY', '0.0.0.0/1,128.0.0.0/1'],
  ['QPC_PUBLIC_HOSTS', ''],
  ['QPC_PUBLIC_HOSTS', 'relay.example'],
  ['QPC_PUBLIC_HOSTS', 'relay.quicprochat.net,localhost:4000'],
  ['QPC_ORIGINS', ''],
  ['QPC_ORIGINS', '*'],
  ['QPC_ORIGINS', 'https://chat.quicprochat.net,http://chat.quicprochat.net'],
  ['QPC_ORIGINS', 'https://chat.example'],
  ['QPC_ADMIN_HOST', '0.0.0.0'],
  ['QPC_ADMIN_HOST', '::'],
  ['QPC_ADMIN_HOST', '203.0.113.7'],
  ['QPC_ADMIN_HOST', 'relay.quicprochat.net'],
  ['QPC_DATABASE', 'sqlite::memory:'],
  ['QPC_DATABASE', 'postgres://qpc:changeme@db/qpc'],
  ['QPC_DATABASE', 'postgres://qpc@db/qpc'],
  ['QPC_DATABASE', 'postgres://qpc:postgres@db/qpc'],
  ['QPC_DATABASE', 'postgres://db/qpc?user=qpc&password=changeme'],
  ['QPC_DATABASE', 'postgres://qpc:a-good-one@203.0.113.7/qpc'],
  ['QPC_NATS', 'nats://10.0.0.5:4222,nats://qpc:password@10.0.0.6:4222'],
  ['QPC_NATS', 'nats://203.0.113.7:4222'],
  ['QPC_RATE_FACTOR', '100000'],
  ['QPC_PUSH_HOSTS', '*.com'],
  ['QPC_PUSH_HOSTS', 'push.quicprochat.net,169.254.169.254'],
  ['QPC_S3_ENDPOINT', 'http://s3.quicprochat.net'],
  ['QPC_S3_ENDPOINT', 'http://203.0.113.7:9000'],
  ['QPC_S3_SECRET_ACCESS_KEY', 'minioadmin'],
])('%s=%s is a danger, named with its variable alone', (name, value) => {
  expect(dangers({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
});

test('a password is not repeated, and one of its own is no danger', () => {
  expect(dangers({ QPC_DATABASE: 'postgres://qpc:changeme@db/qpc' }).join()).not.toContain('changeme');
  for (const password of ['5f1d2e8c94b7a360', '5f1d%zz94b7a360'])
    expect(dangers({ QPC_DATABASE: `postgres://qpc:${password}@db/qpc` })).toEqual([]);
});

test('data that others on the machine can read is a danger: the folder, and the file', () => {
  const path = join(folder, 'relay.db');
  chmodSync(folder, 0o755);
  expect(dangers()).toEqual([
    `QPC_DATABASE is in a folder that other users of this machine can read. Run: chmod 700 ${folder}`,
  ]);
  chmodSync(folder, 0o700);
  writeFileSync(path, '');
  chmodSync(path, 0o644);
  expect(dangers()).toEqual([
    `QPC_DATABASE is a file that other users of this machine can read. Run: chmod 600 ${path}`,
  ]);
  chmodSync(path, 0o600);
  expect(dangers()).toEqual([]);
});

test('attachments that others on the machine can read are a danger; a bucket in a private network or over TLS is none', () => {
  const blobs = join(folder, 'attachments');
  expect(dangers({ QPC_BLOBS: `folder:${blobs}` })).toEqual([]);
  mkdirSync(blobs);
  chmodSync(blobs, 0o755);
  expect(dangers({ QPC_BLOBS: `folder:${blobs}` })).toEqual([
    `QPC_BLOBS is a folder that other users of this machine can read. Run: chmod 700 ${blobs}`,
  ]);
  for (const endpoint of ['https://s3.quicprochat.net', 'http://10.0.0.5:9000', 'http://[fd00::5]:9000'])
    expect(
      dangers({ QPC_BLOBS: 's3://blobs', QPC_S3_ENDPOINT: endpoint, QPC_S3_SECRET_ACCESS_KEY: '5f1d2e8c' }),
    ).toEqual([]);
});

test('the process says each danger on a line of its own and ends with 3, before it has touched anything', async () => {
  const { exit, output } = await runRelay({ ...safe(), QPC_ORIGINS: '*', QPC_PUBLIC_HOSTS: '' });
  expect(exit).toBe(3);
  expect(output.split('\n')).toEqual([
    expect.stringMatching(/^QPC_PUBLIC_HOSTS /),
    expect.stringMatching(/^QPC_ORIGINS /),
  ]);
  expect(statSync(join(folder, 'relay.db'), { throwIfNoEntry: false })).toBeUndefined();
});

test('the same settings start where QPC_PRODUCTION is not set', async () => {
  const env = { QPC_ORIGINS: '*', QPC_DATABASE: safe().QPC_DATABASE, QPC_PORT: '0', QPC_ADMIN_PORT: '0' };
  expect(await runRelay(env, { until: 'serves at' })).toMatchObject({ exit: 0 });
});

test.each(['000', '022', '077'])(
  'under umask %s, the folder and the files are their owner’s alone',
  async (umask) => {
    mkdirSync(join(folder, 'there'), { mode: 0o700 });
    const made = join(folder, 'there', 'made');
    const env = {
      ...safe(),
      QPC_DATABASE: `sqlite:${join(made, 'relay.db')}`,
      QPC_PORT: '0',
      QPC_ADMIN_PORT: '0',
    };
    const modes: Record<string, number> = {};
    const look = () => {
      for (const name of ['.', 'relay.db', 'relay.db-wal', 'relay.db-shm'])
        modes[name] = statSync(join(made, name)).mode & 0o777;
    };
    expect(await runRelay(env, { umask, until: 'serves at', then: look })).toMatchObject({ exit: 0 });
    expect(modes).toEqual({ '.': 0o700, 'relay.db': 0o600, 'relay.db-wal': 0o600, 'relay.db-shm': 0o600 });
  },
);
