import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Home } from './town.ts';
import { town } from './town.ts';

const { emptyHome, move, party, relay } = town();
const nowhere = 'http://127.0.0.1:9';

/** What a person reads on stderr when the command fails, in any number of lines. */
async function told(home: Home, ...words: string[]): Promise<string> {
  const { exit, stderr } = await home.shown(...words);
  expect(exit, words.join(' ')).not.toBe(0);
  return stderr.trim();
}

test('register in a home of another handle says whose home it is, and that another home is needed', async () => {
  const alice = await move('alice');
  expect(await told(alice, 'register', 'bob', '--relay', relay().url)).toBe(
    `qpc: This home belongs to ${alice.handle}, and a home holds one account. To register a new handle, choose another home with --home. (HANDLE_MISMATCH)`,
  );
  expect(await alice.done('register', alice.handle)).toMatchObject({ handle: alice.handle });
});

test('register with another relay’s address names the relay of the account', async () => {
  const alice = await move('alice');
  expect(await told(alice, 'register', alice.handle, '--relay', nowhere)).toContain(
    `The account in this home belongs to ${relay().url}. Pass that address as --relay`,
  );
});

test('a malformed safety number is refused in the words of the option', async () => {
  const [alice, bob] = await party('alice', 'bob');
  for (const option of ['safety-number', 'reject']) {
    const sentence = await told(alice, 'verify', bob.handle, `--${option}`, '123');
    expect(sentence).toContain(`--${option} takes the 60 digits`);
    expect(sentence).not.toContain('safetyNumber');
  }
});

test('a number that does not match says which command shows the number to compare', async () => {
  const [alice, bob] = await party('alice', 'bob');
  expect(await told(alice, 'verify', bob.handle, '--safety-number', '1'.repeat(60))).toContain(
    `Run qpc verify ${bob.handle}`,
  );
});

test('a relay that cannot be reached is named by its address, by each command that needs it', async () => {
  expect(await told(emptyHome(), 'register', 'someone', '--relay', nowhere)).toContain(nowhere);
  const [alice] = await party('alice');
  await relay().stop();
  try {
    const { url } = relay();
    expect((await alice.shown('conversations')).stderr).toContain(`The relay at ${url} cannot be reached.`);
    expect(await told(alice, 'listen', 'Tea', '--timeout', '1')).toContain(
      `The relay at ${url} was not reached before the timeout.`,
    );
    const unsent = await told(alice, 'send', 'Tea', 'later');
    expect(unsent).toContain(
      `The relay’s address is ${url}. The message or change stays queued, and the next command that reaches the relay sends it`,
    );
    expect(unsent).not.toContain('sync');
  } finally {
    await relay().start();
  }
}, 60_000);

test('a home whose account is missing, or whose key is, says what to do', async () => {
  const alice = await move('alice');
  await rm(join(alice.path, 'qpc.db.key'));
  expect(await told(alice, 'conversations')).toContain('The file qpc.db.key in this home is missing');
  for (const file of ['qpc.db', 'qpc.db-wal', 'qpc.db-shm'])
    await rm(join(alice.path, file), { force: true });
  expect(await told(alice, 'conversations')).toContain('Run qpc register HANDLE --relay URL');
});
