import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestDevice } from '../../../packages/relay/test/support/device.ts';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';
import { runRelay } from './support/run-relay.ts';

let relay: RelayProcess;
let folder: string;
beforeAll(async () => {
  relay = await startRelay();
  folder = mkdtempSync(join(tmpdir(), 'qpc-admin-'));
});
afterAll(async () => {
  await relay.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `qpc-relay admin …` on the store of the relay, which serves it meanwhile. */
function admin(...words: string[]) {
  const QPC_DATABASE = `sqlite:${join(relay.folder, 'relay.db')}`;
  return runRelay({ QPC_DATABASE }, { entry: 'qpc-relay.ts', words: ['admin', ...words] });
}

test('an operator counts, checks and copies a store that is served, removes an account, and restores', async () => {
  await new TestDevice(relay.url, 'alice').register();
  const group = await new TestGroup(relay.url).create();
  await group.post('text');
  const { exit, output } = await admin('stats', '--json');
  expect(exit).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ accounts: 1, devices: 1, groups: 1, entries: 1, entryBytes: 4 });
  expect(await admin('check')).toEqual({ exit: 0, output: 'whole: true\nproblems: none' });
  expect((await admin('expire')).exit).toBe(0);

  const copy = join(folder, 'copy.db');
  expect(await admin('backup', copy)).toEqual({ exit: 0, output: `backup: ${copy}` });
  expect(await admin('backup', copy)).toMatchObject({ exit: 1, output: expect.stringContaining('already') });
  expect(await admin('remove', 'alice')).toMatchObject({ exit: 0 });
  expect(await admin('remove', 'nobody')).toMatchObject({ exit: 1 });
  const closed = await new TestGroup(relay.url).create();
  expect(await admin('remove-group', closed.id)).toEqual({ exit: 0, output: 'removed: true' });
  expect(await admin('remove-group', closed.id)).toEqual({ exit: 1, output: 'No group has this id.' });
  await expect(closed.post('more')).rejects.toThrow('NOT_AUTHORIZED');
  expect(JSON.parse((await admin('stats', '--json')).output)).toMatchObject({ accounts: 1, devices: 0 });

  expect(await admin('restore', copy)).toMatchObject({
    exit: 1,
    output: expect.stringContaining('Stop the relay'),
  });
  await relay.stop();
  expect(await admin('restore', copy)).toMatchObject({ exit: 0 });
  expect(JSON.parse((await admin('stats', '--json')).output)).toMatchObject({ accounts: 1, devices: 1 });
  await relay.start();
  expect((await group.read()).entries).toHaveLength(1);
}, 60_000);

test.each([
  [[]],
  [['nonsense']],
  [['backup']],
  [['stats', 'more']],
  [['backup', 'a', 'b']],
  [['stats', '--what']],
  [['stats', '--free-handle']],
])('%j is answered with how to use it, and 2', async (words: string[]) => {
  const { exit, output } = await admin(...words);
  expect(exit).toBe(2);
  expect(output).toContain('qpc-relay admin COMMAND');
});

test('a mistake is named, and with --json what went wrong is JSON, too', async () => {
  expect((await admin('statz')).output).toContain('There is no command statz.');
  expect((await admin('constructor')).output).toContain('There is no command constructor.');
  expect((await admin('backup')).output).toContain('backup needs FILE.');
  const { exit, output } = await admin('remove', 'nobody', '--json');
  expect(exit).toBe(1);
  expect(JSON.parse(output)).toEqual({ error: { message: 'No account has this handle.' } });
});

test('a place that cannot be written to, and a file that is no database, are told in a sentence', async () => {
  const target = join(folder, 'not-there', 'copy.db');
  expect(await admin('backup', target)).toEqual({
    exit: 1,
    output: `The file ${target}.part cannot be written (ENOENT). Check the permissions and the disk.`,
  });
  const text = join(folder, 'text.db');
  writeFileSync(text, 'no database at all'.repeat(100));
  const env = { QPC_DATABASE: `sqlite:${text}` };
  expect(await runRelay(env, { entry: 'qpc-relay.ts', words: ['admin', 'check'] })).toEqual({
    exit: 1,
    output: 'QPC_DATABASE: the file is damaged or is not a database.',
  });
});

test('help is no mistake, and what is no command at all is one', async () => {
  expect((await admin('--help')).exit).toBe(0);
  expect((await runRelay({}, { entry: 'qpc-relay.ts', words: ['serve'] })).exit).toBe(2);
});

test.each([
  ['there is no database', 'sqlite:', 'there.db'],
  ['it is kept in memory', 'sqlite::memory:', ''],
  ['a server keeps it', 'postgres://qpc:canary@db/qpc', ''],
])('where %s, it says so with the variable and 3, and makes nothing', async (_name, address, file) => {
  const path = file === '' ? '' : join(folder, file);
  const env = { QPC_DATABASE: `${address}${path}` };
  const { exit, output } = await runRelay(env, { entry: 'qpc-relay.ts', words: ['admin', 'stats'] });
  expect(exit).toBe(3);
  expect(output).toContain('QPC_DATABASE');
  expect(output).not.toContain('canary');
  if (path !== '') expect(existsSync(path)).toBe(false);
});
