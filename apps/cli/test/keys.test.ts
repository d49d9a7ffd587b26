import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { qpc, start, type Result, type RunOptions, type Running } from './qpc.ts';
import { town, type Home } from './town.ts';

const { emptyHome, move, relay } = town();

// Passphrases cost what they cost people, and each command is a process.
vi.setConfig({ testTimeout: 120_000 });

const json = (home: Home, words: string[], options: RunOptions = {}) =>
  qpc(['--home', home.path, '--json', ...words], options);
const failure = ({ exit, lines }: Result) => [exit, (lines[0]?.['error'] as { code: string }).code];

/** A home that only this passphrase opens. */
async function locked(passphrase: string): Promise<{ home: Home; id: string }> {
  const home = await move('alice');
  const words = ['keys', 'add', 'passphrase', '--new-passphrase-fd', '3'];
  const added = await json(home, words, { descriptors: [`${passphrase}\n`] });
  expect([added.exit, added.stderr]).toEqual([0, '']);
  await home.done('keys', 'remove', 'file');
  return { home, id: String(added.lines[0]?.['id']) };
}

test('a home is locked by a passphrase from a descriptor, and opens with it from a descriptor or a variable', async () => {
  const { home, id } = await locked('correct horse');
  expect(await home.done('keys')).toEqual({
    locked: true,
    keys: [{ id, kind: 'passphrase', addedAt: expect.any(Number) }],
  });
  expect(failure(await json(home, ['conversations']))).toEqual([5, 'STORE_LOCKED']);
  const wrong = { env: { QPC_PASSPHRASE: 'wrong horse' } };
  expect(failure(await json(home, ['conversations'], wrong))).toEqual([5, 'PASSPHRASE_WRONG']);
  const right = { env: { QPC_PASSPHRASE: 'correct horse' } };
  expect((await json(home, ['conversations'], right)).exit).toBe(0);
  const words = ['conversations', '--passphrase-fd', '3'];
  expect((await json(home, words, { descriptors: ['correct horse\n'] })).exit).toBe(0);
  expect((await json(home, words, { descriptors: ['correct horse\r\n'] })).exit).toBe(0);
  // The descriptor counts before the variable, and a second line break belongs to the passphrase.
  expect(failure(await json(home, words, { ...right, descriptors: ['correct horse\n\n'] }))).toEqual([
    5,
    'PASSPHRASE_WRONG',
  ]);
});

test('no output has a passphrase in it, whatever goes wrong with it', async () => {
  const { home } = await locked('canary horse');
  const wrong = { env: { QPC_PASSPHRASE: 'canary zebra', QPC_NEW_PASSPHRASE: 'canary tapir' } };
  for (const words of [
    ['conversations'],
    ['keys', 'add', 'passphrase'],
    ['keys', 'change', 'canary-id'],
    ['keys', 'add', 'passphrase', '--new-passphrase-fd', 'canary'],
    ['conversations', '--passphrase-fd', '3'],
  ]) {
    const options = { ...wrong, descriptors: ['canary lion\n'] };
    const results = [[], ['--json']].map((flags) => qpc(['--home', home.path, ...flags, ...words], options));
    for (const { exit, stdout, stderr } of await Promise.all(results)) {
      expect(exit, words.join(' ')).toBeGreaterThan(0);
      expect(stdout + stderr).not.toMatch(/zebra|tapir|lion|horse/);
    }
  }
  const tooLong = { descriptors: ['canary lion '.repeat(1_000)] };
  const refused = await json(home, ['conversations', '--passphrase-fd', '3'], tooLong);
  expect([failure(refused), /lion/.test(refused.stdout)]).toEqual([[2, 'USAGE'], false]);
  const long = await json(home, ['conversations'], { env: { QPC_PASSPHRASE: 'canary'.repeat(1_000) } });
  expect([failure(long), long.stdout.includes('canarycanary')]).toEqual([[3, 'CONFIG'], false]);
});

test('a passphrase is changed and removed, and the one before opens nothing any more', async () => {
  const { home, id } = await locked('first');
  const first = { env: { QPC_PASSPHRASE: 'first', QPC_NEW_PASSPHRASE: 'second' } };
  expect((await json(home, ['keys', 'change', id], first)).exit).toBe(0);
  expect(failure(await json(home, ['conversations'], first))).toEqual([5, 'PASSPHRASE_WRONG']);
  const second = { env: { QPC_PASSPHRASE: 'second' } };
  expect(failure(await json(home, ['keys', 'remove', id], second))).toEqual([1, 'KEY_SLOT_LAST']);
  expect(failure(await json(home, ['keys', 'remove', 'nothing'], second))).toEqual([1, 'KEY_SLOT_NOT_FOUND']);
  expect((await json(home, ['keys', 'add', 'file'], second)).lines).toEqual([{ id: 'file', kind: 'file' }]);
  expect(await home.done('keys', 'remove', id)).toEqual({ id });
  expect(await home.done('keys')).toEqual({ locked: false, keys: [{ id: 'file', kind: 'file' }] });
});

test('a home that is registered with a passphrase is locked from the start', async () => {
  const home = emptyHome('cautious');
  const words = ['register', `cautious-${process.pid}`, '--relay', relay().url];
  expect((await json(home, words, { env: { QPC_PASSPHRASE: 'from the start' } })).exit).toBe(0);
  expect(failure(await json(home, ['conversations']))).toEqual([5, 'STORE_LOCKED']);
  const kept = JSON.parse(await readFile(join(home.path, 'qpc.db.key'), 'utf8')) as { slots: unknown[] };
  expect(kept.slots).toMatchObject([{ kind: 'passphrase', memoryKib: 65_536, passes: 3, lanes: 1 }]);
});

test.each([
  ['SIGINT', 130, 'INTERRUPTED'],
  ['SIGTERM', 143, 'TERMINATED'],
] as const)('%s ends a command that waits for a passphrase, with %i', async (signal, exit, code) => {
  const waiting = () =>
    start(['--home', emptyHome().path, '--json', 'conversations', '--passphrase-fd', '3'], {
      descriptors: [undefined],
    });
  const result = await stopped(waiting, signal);
  expect(result.signal).toBe(null);
  expect(failure(result)).toEqual([exit, code]);
});

/** What a process did that got the signal once it was up. One that was not yet, the signal ends as it ends any program. */
async function stopped(begin: () => Running, signal: 'SIGINT' | 'SIGTERM'): Promise<Result> {
  for (let patience = 1_000; ; patience *= 2) {
    const running = begin();
    await setTimeout(patience);
    running.kill(signal);
    void setTimeout(20_000, undefined, { ref: false }).then(() => running.kill('SIGKILL'));
    const result = await running.result;
    if (result.signal !== signal) return result;
  }
}

test('a person reads what opens the home, and how to lock it', async () => {
  const home = await move('bob');
  expect((await home.shown('keys')).stdout).toBe('file  file\nThis home opens by itself.\n');
  const { stdout } = await home.shown('help', 'keys');
  // A package manager that runs qpc hands no other descriptor on for reading.
  expect(stdout).toContain('qpc keys add passphrase --new-passphrase-fd 0 <FILE');
  expect(stdout).toContain('qpc keys remove file');
});

test.each([
  [['conversations', '--passphrase-fd', 'x'], []],
  [['conversations', '--passphrase-fd', '-1'], []],
  [['conversations', '--passphrase-fd', '99999'], []],
  [['conversations', '--passphrase-fd', '77'], []],
  [['conversations', '--passphrase-fd', '1'], []],
  [['keys', 'add', 'passphrase', '--new-passphrase-fd', '2'], []],
  [['conversations', '--passphrase-fd', '3'], ['']],
  [['conversations', '--passphrase-fd', '3'], ['\n']],
  [['conversations', '--passphrase-fd', '3'], [new Uint8Array([0xff, 0xfe])]],
  [['conversations', '--passphrase-fd', '3'], ['x'.repeat(100_000)]],
  [['keys', 'add', 'passphrase'], []],
  [['keys', 'add', 'passphrase', '--passphrase-fd', '3', '--new-passphrase-fd', '3'], ['x']],
  [['keys', 'add', 'nonsense'], []],
  [['keys', 'change'], []],
])('qpc %j is a usage error', async (words, descriptors) => {
  expect(failure(await json(emptyHome(), words, { descriptors }))).toEqual([2, 'USAGE']);
});
