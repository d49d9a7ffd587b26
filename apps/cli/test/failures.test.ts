import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { qpc } from './qpc.ts';
import { Home, town } from './town.ts';

const { emptyHome, folder, move, party, relay } = town();
const nowhere = 'http://127.0.0.1:9';

test.each([
  [[]],
  [['bogus']],
  [['help', 'bogus']],
  [['send', 'Tea']],
  [['send', 'Tea', 'one', 'two']],
  [['send', 'Tea', 'x', '--nonsense']],
  [['send', 'Tea', '-x']],
  [['send', 'Tea', 'x', '--relay', nowhere]],
  [['listen', '--count']],
  [['listen', '--count', 'many']],
  [['listen', '--count', '2.5']],
  [['listen', '--count', '-1']],
  [['listen', '--timeout', '0']],
  [['listen', '--timeout', '99999999']],
  [['members', 'Tea', 'promote', 'bob']],
  [['members', 'Tea', 'add']],
  [['conversations', '--name', 'Tea']],
  [['conversations', 'create', '--suite', 'rot13']],
  [['conversations', 'create', '--with', 'bob,,carol']],
  [['register', 'someone']],
  [['register', 'Not A Handle', '--relay', nowhere]],
  [['register', 'someone', '--relay', 'nonsense']],
  [['register', 'someone', '--relay', `${nowhere}/foo`]],
  [['send', 'Tea', '']],
  [['members', 'Tea', 'add', 'Not A Handle']],
  [['members', 'Tea', 'remove', 'Not A Handle']],
  [['conversations', 'create', '--with', 'bob,Not A Handle']],
  [['verify', 'Not A Handle']],
  [['verify', 'bob', '--safety-number', '123']],
  [['verify', 'bob', '--reject', '123']],
  [['conversations', '--home', '']],
  [['conversations', '--json=yes']],
])('qpc %j is a usage error, before anything is opened', async (words) => {
  expect(await emptyHome().refused(...words)).toEqual({ exit: 2, code: 'USAGE' });
});

test.each([
  [['register', 'someone', '--relay', nowhere], 4, 'NETWORK'],
  [['conversations'], 3, 'NOT_REGISTERED'],
  [['listen'], 3, 'NOT_REGISTERED'],
])('qpc %j in an empty home ends with %i and %s', async (words, exit, code) => {
  expect(await emptyHome().refused(...words)).toEqual({ exit, code });
});

test('what the relay or the SDK refuses is 1, with its code', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const { url } = relay();
  expect(await emptyHome().refused('register', alice.handle, '--relay', url)).toEqual({
    exit: 1,
    code: 'HANDLE_TAKEN',
  });
  expect(await alice.refused('send', 'Nowhere', 'x')).toEqual({ exit: 1, code: 'CONVERSATION_NOT_FOUND' });
  expect(await alice.refused('conversations', 'create', '--with', 'nobody-at-all')).toEqual({
    exit: 1,
    code: 'NOT_FOUND',
  });
  for (const words of [
    ['conversations', 'create', '--with', alice.handle],
    ['members', 'Tea', 'add', alice.handle],
    ['members', 'Tea', 'add', bob.handle],
    ['members', 'Tea', 'remove', alice.handle],
    ['verify', 'stranger'],
  ])
    expect(await alice.refused(...words), words.join(' ')).toEqual({ exit: 1, code: 'INVALID_ARGUMENT' });
  await alice.done('conversations', 'create', '--name', 'x'.repeat(128));
  await alice.done('conversations', 'create', '--name', 'Tea');
  expect(await alice.refused('send', 'Tea', 'which?')).toEqual({ exit: 1, code: 'AMBIGUOUS_NAME' });
}, 60_000);

test('a home that belongs to another handle, or whose files are not what qpc wrote, is 3', async () => {
  const alice = await move('alice');
  expect(await alice.refused('register', 'another', '--relay', relay().url)).toEqual({
    exit: 3,
    code: 'HANDLE_MISMATCH',
  });
  expect(await alice.refused('register', alice.handle, '--relay', nowhere)).toEqual({
    exit: 3,
    code: 'RELAY_MISMATCH',
  });
  const broken = emptyHome();
  await mkdir(broken.path);
  for (const config of [
    '{ "relay": 7 }',
    'not json',
    '{}',
    '{ "relay": "ftp://x" }',
    '{ "relay": "http://x/y" }',
  ]) {
    await writeFile(join(broken.path, 'config.json'), config);
    expect(await broken.refused('conversations')).toEqual({ exit: 3, code: 'CONFIG' });
  }
  await writeFile(join(broken.path, 'config.json'), JSON.stringify({ relay: nowhere }));
  await writeFile(join(broken.path, 'qpc.db'), 'this is no database'.repeat(100));
  expect(await broken.refused('conversations')).toEqual({ exit: 3, code: 'STORE_UNAVAILABLE' });
  const inTheWay = new Home(join(broken.path, 'config.json'), 'x');
  expect(await inTheWay.refused('conversations')).toEqual({ exit: 3, code: 'CONFIG' });
  expect(await inTheWay.refused('register', 'x', '--relay', nowhere)).toEqual({ exit: 3, code: 'CONFIG' });
}, 60_000);

test.each([
  ['QPC_UPDATE_AFTER_MESSAGES', 'soon'],
  ['QPC_UPDATE_AFTER_MS', '-1'],
  ['QPC_UPDATE_AFTER_MESSAGES', '4294967296'],
  ['QPC_RELAY', 'ftp://x'],
  ['QPC_RELAY', 'http://x/y'],
  ['QPC_UPDATE_AFTER_MESAGES', '5'],
])('%s=%s stops it, with its name', async (name, value) => {
  const { exit, lines } = await qpc(['--json', 'conversations'], { env: { [name]: value } });
  expect([exit, lines]).toEqual([3, [{ error: { code: 'CONFIG', message: expect.stringContaining(name) } }]]);
});

test('without a relay it shows what is stored, and says so to a person only', async () => {
  const [alice] = await party('alice');
  await relay().stop();
  for (const words of [['conversations'], ['members', 'Tea'], ['security', 'Tea']]) {
    const { exit, stderr, lines } = await alice.run(...words);
    expect([exit, stderr, lines.length]).toEqual([0, '', 1]);
  }
  const shown = await alice.shown('conversations');
  expect([shown.exit, shown.stdout.includes('Tea')]).toEqual([0, true]);
  expect(shown.stderr).toContain(`The relay at ${relay().url} cannot be reached`);
  expect(await alice.refused('members', 'Tea', 'add', 'bob')).toEqual({ exit: 4, code: 'NETWORK' });
  await relay().start();
}, 60_000);

test('an address where something else answers is 4', async () => {
  const server = createServer((_, response) => response.writeHead(200).end('<html>hello</html>')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { exit } = await emptyHome().refused('register', 'someone', '--relay', `http://127.0.0.1:${port}`);
  server.close();
  expect(exit).toBe(4);
});

test('nothing that fails shows a stack or a path: one line, for people on stderr, for programs on stdout', async () => {
  const home = join(folder(), 'no-such-home');
  for (const words of [['bogus'], ['conversations'], ['register', 'someone', '--relay', nowhere]]) {
    const person = await qpc(['--home', home, ...words]);
    const program = await qpc(['--home', home, ...words, '--json']);
    expect([person.stdout, program.stderr]).toEqual(['', '']);
    for (const text of [person.stderr, program.stdout]) {
      expect(text).not.toMatch(/\n\s+at |node:|\.ts:|no-such-home/);
      expect(text.trim().split('\n')).toHaveLength(1);
    }
  }
});

test('help and version are results, not failures', async () => {
  const overview = await qpc(['--help']);
  expect([overview.exit, overview.stderr]).toEqual([0, '']);
  for (const part of ['listen [CONVERSATION] [--count N] [--timeout SECONDS]', '130', 'QPC_UPDATE_AFTER_MS'])
    expect(overview.stdout).toContain(part);
  expect((await qpc(['help', 'send'])).stdout).toContain('qpc send CONVERSATION TEXT');
  expect((await qpc(['members', '--help'])).stdout).toContain('qpc members CONVERSATION remove HANDLE');
  expect((await qpc(['--version'])).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  expect((await qpc(['--json', '--version'])).lines).toEqual([{ version: expect.any(String) }]);
});
