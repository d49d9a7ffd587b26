import { chmod, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { qpc } from './qpc.ts';
import { town } from './town.ts';

const { emptyHome, folder, move, party, relay } = town();

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('register prints what was made, and doing it again changes nothing', async () => {
  const home = emptyHome('twice');
  const words = ['register', `twice-${process.pid}`, '--relay', relay().url];
  const first = await home.done(...words);
  expect(first).toEqual({
    handle: words[1],
    deviceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    relay: relay().url,
  });
  expect(await home.done(...words)).toEqual(first);
  expect(await home.done('register', String(words[1]))).toEqual(first);
});

test('a home is for its owner alone, and config.json holds the relay’s address only', async () => {
  const alice = await move('alice');
  expect(await modeOf(alice.path)).toBe('700');
  for (const name of await readdir(alice.path))
    expect([name, await modeOf(join(alice.path, name))]).toEqual([name, '600']);
  const config: unknown = JSON.parse(await readFile(join(alice.path, 'config.json'), 'utf8'));
  expect(config).toEqual({ relay: relay().url });
});

test('qpc keys does not say that a home opens if its key or its database is gone', async () => {
  const home = await move('robbed');
  await rm(join(home.path, 'qpc.db.key'));
  const missing = { exit: 3, code: 'STORE_KEY_MISSING' };
  expect([await home.refused('keys'), await home.refused('conversations')]).toEqual([missing, missing]);
  for (const name of await readdir(home.path)) if (name !== 'config.json') await rm(join(home.path, name));
  const nobody = { exit: 3, code: 'NOT_REGISTERED' };
  expect([await home.refused('keys'), await home.refused('conversations')]).toEqual([nobody, nobody]);
});

test('a file of the home that cannot be read is named', async () => {
  const home = emptyHome('blocked');
  await mkdir(join(home.path, 'config.json'), { recursive: true });
  const { exit, lines } = await home.run('conversations');
  expect([exit, lines]).toEqual([
    3,
    [{ error: { code: 'CONFIG', message: expect.stringContaining('config.json') } }],
  ]);
});

test('register says to a person that a home which is there already is not locked by a passphrase', async () => {
  const home = await move('late');
  const words = ['--home', home.path, 'register', home.handle];
  const again = await qpc(words, { env: { QPC_PASSPHRASE: 'too late' } });
  expect([again.exit, again.stderr]).toEqual([0, expect.stringContaining('qpc help keys')]);
  expect((await qpc(words)).stderr).toBe('');
});

test('a folder that was there before keeps its rights: it may be more than a home', async () => {
  const home = emptyHome('shared');
  await mkdir(home.path);
  await chmod(home.path, 0o755);
  await home.done('register', `shared-${process.pid}`, '--relay', relay().url);
  expect([await modeOf(home.path), await modeOf(join(home.path, 'qpc.db'))]).toEqual(['755', '600']);
});

test('the home comes from --home, then QPC_HOME, then ~/.qpc; relative to where the person stands', async () => {
  const handle = `wanderer-${process.pid}`;
  const listed = async (words: string[], env: Record<string, string>, cwd?: string) =>
    (await qpc([...words, '--json', 'conversations'], { env, ...(cwd !== undefined && { cwd }) })).exit;
  const made = await qpc(['register', handle, '--relay', relay().url], { env: { HOME: folder() } });
  expect(made.exit).toBe(0);
  expect(await listed([], { HOME: folder() })).toBe(0);
  expect(await listed([], { QPC_HOME: join(folder(), '.qpc') })).toBe(0);
  expect(await listed(['--home', '.qpc'], {}, folder())).toBe(0);
  // A package manager runs scripts in the root of the project and tells in INIT_CWD where it was called.
  expect(await listed(['--home', '.qpc'], { INIT_CWD: folder() }, '/')).toBe(0);
  expect(await listed(['--home', join(folder(), 'elsewhere')], { QPC_HOME: join(folder(), '.qpc') })).toBe(3);
});

test('global options stand before or after the command, and everything after -- is text', async () => {
  const [alice, bob] = await party('alice', 'bob');
  expect((await qpc(['conversations', '--json', '--home', alice.path])).lines).toHaveLength(1);
  const sent = await qpc(['--home', alice.path, 'send', 'Tea', '--', '--json']);
  expect([sent.exit, sent.stdout]).toEqual([0, 'Sent, in epoch 1.\n']);
  expect(await bob.hears(1)).toEqual(['--json']);
}, 60_000);

test('the relay’s address can come from QPC_RELAY', async () => {
  const home = emptyHome('by-env');
  const { exit } = await qpc(['--home', home.path, 'register', `by-env-${process.pid}`], {
    env: { QPC_RELAY: relay().url, QPC_PORT: 'not ours to judge' },
  });
  expect(exit).toBe(0);
});
