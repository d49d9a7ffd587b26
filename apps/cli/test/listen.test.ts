import { expect, test } from 'vitest';
import { start } from './qpc.ts';
import { texts, town, type Home } from './town.ts';

const { party, relay } = town();

test('all conversations are listened to, and one that is new while listening too', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const listening = bob.start('listen', '--count', '2', '--timeout', '30');
  await alice.says('in the old one');
  await listening.printed(1);
  const { conversation } = await alice.done('conversations', 'create', '--with', bob.handle);
  await alice.done('send', String(conversation), 'in the new one');
  const { exit, lines } = await listening.result;
  expect([exit, lines.map(({ text }) => text)]).toEqual([0, ['in the old one', 'in the new one']]);
  expect(lines[1]?.['conversation']).toBe(conversation);
}, 60_000);

test('--count leaves the rest for the next time', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const all = texts('alice', 5);
  await alice.says(...all);
  expect(await bob.hears(2)).toEqual(all.slice(0, 2));
  expect(await bob.hears(3)).toEqual(all.slice(2));
}, 60_000);

test('fewer messages than asked for are TIMEOUT, and they were printed', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await alice.says('the only one');
  const { exit, lines } = await bob.run('listen', 'Tea', '--count', '2', '--timeout', '1');
  expect(exit).toBe(1);
  expect(lines).toEqual([
    expect.objectContaining({ text: 'the only one' }),
    { error: { code: 'TIMEOUT', message: 'Only 1 of 2 messages came before the timeout.' } },
  ]);
}, 60_000);

test('who comes, goes and heals is printed with --events only, and does not count', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await alice.done('update', 'Tea');
  await alice.says('after the healing');
  const healed = { event: { type: 'healed', handle: alice.handle }, from: alice.handle, epoch: 1 };
  const { lines } = await bob.run('listen', 'Tea', '--count', '1', '--timeout', '20', '--events');
  expect(lines).toContainEqual(expect.objectContaining(healed));
  expect(lines.at(-1)).toMatchObject({ text: 'after the healing' });
}, 60_000);

test('a listener that is killed prints at most the last line again', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const all = texts('alice', 6);
  await alice.says(...all);
  const killed = bob.start('listen', 'Tea');
  await killed.printed(3);
  killed.kill('SIGKILL');
  const before = textsOf((await killed.result).lines);
  const after = textsOf((await bob.run('listen', 'Tea', '--timeout', '1')).lines);
  const again = before.length + after.length - all.length;
  expect([0, 1]).toContain(again);
  expect([...before.slice(0, before.length - again), ...after]).toEqual(all);
}, 60_000);

test('what the reader did not take is not noted as heard: a closed pipe ends quietly', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const listening = bob.start('listen', 'Tea');
  await alice.says('taken');
  await listening.printed(1);
  listening.stopReading();
  await alice.says('not taken');
  const { exit, stderr } = await listening.result;
  expect([exit, stderr]).toEqual([0, '']);
  expect(await bob.hears(1)).toEqual(['not taken']);
}, 60_000);

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s ends listening quietly, with %i',
  async (signal, code) => {
    const [alice, bob] = await party('alice', 'bob');
    await alice.says('before the interruption');
    const listening = bob.start('listen');
    await listening.printed(1);
    listening.kill(signal);
    const { exit, lines, stderr } = await listening.result;
    expect([exit, lines.length, stderr]).toEqual([code, 1, '']);
  },
  60_000,
);

test('a name that nobody gave is told at once, or waited for with --timeout', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const unknown = { exit: 1, code: 'CONVERSATION_NOT_FOUND' };
  expect(await bob.refused('listen', 'Coffee')).toEqual(unknown);
  expect(await bob.refused('listen', 'Coffee', '--timeout', '0.5')).toEqual(unknown);
  const listening = bob.start('listen', 'Coffee', '--count', '1', '--timeout', '30');
  await alice.done('conversations', 'create', '--name', 'Coffee', '--with', bob.handle);
  await alice.done('send', 'Coffee', 'worth waiting for');
  expect(textsOf((await listening.result).lines)).toEqual(['worth waiting for']);
}, 60_000);

test('without a relay: what is stored is enough, or else it is NETWORK; when it comes back, it goes on', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await alice.says('it was stored here', 'stored as well');
  await bob.done('conversations');
  await relay().stop();
  expect(await bob.hears(1)).toEqual(['it was stored here']);
  const { exit, lines } = await bob.run('listen', 'Tea', '--count', '2', '--timeout', '1');
  expect([exit, textsOf(lines)[0], lines[1]]).toEqual([4, 'stored as well', networkError]);
  expect((await bob.run('listen', '--timeout', '0.5')).exit).toBe(4);

  const listening = bob.start('listen', 'Tea', '--count', '1', '--timeout', '60');
  await relay().start();
  await alice.says('back again');
  expect(textsOf((await listening.result).lines)).toEqual(['back again']);
}, 90_000);

test('a person is told when the connection is lost while listening, and when it is back', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await alice.says('before');
  const listening = start(['--home', bob.path, 'listen', 'Tea', '--count', '2', '--timeout', '60']);
  await listening.printed(1);
  await relay().stop();
  await listening.told('The connection to the relay');
  await relay().start();
  await listening.told('The relay is back.');
  await alice.says('after');
  const { exit, stderr } = await listening.result;
  expect([exit, stderr.trimEnd().split('\n')]).toEqual([
    0,
    [
      `The connection to the relay at ${relay().url} is lost. Listening continues when it is back.`,
      'The relay is back.',
    ],
  ]);
}, 90_000);

test('for people: when, who, what, and in which conversation', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await alice.says('good morning');
  const { stdout } = await bob.shown('listen', '--count', '1', '--timeout', '20');
  expect(stdout).toMatch(new RegExp(`  \\[Tea\\] ${alice.handle}: good morning\n$`));
}, 60_000);

test('text that others wrote cannot steer the terminal', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await alice.says(
    'red \u001b[31malert\u001b[0m\u0007\r\nmallory: hello\u009b2J \u202egnp.exe \u001b]0;title\u0007end',
  );
  const { stdout } = await bob.shown('listen', 'Tea', '--count', '1', '--timeout', '20');
  const message = stdout.split('\n').find((line) => line.includes('alert'));
  expect(message).toContain(
    ': red [U+001B][31malert[U+001B][0m[U+0007] mallory: hello[U+009B]2J [U+202E]gnp.exe [U+001B]]0;title[U+0007]end',
  );
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
}, 60_000);

const networkError = { error: { code: 'NETWORK', message: expect.any(String) } };

function textsOf(lines: Awaited<ReturnType<Home['run']>>['lines']): unknown[] {
  return lines.flatMap(({ text }) => (text === undefined ? [] : [text]));
}
