import { expect, test } from 'vitest';
import type { Result } from './qpc.ts';
import { town, type Home } from './town.ts';

const { party, move } = town();

/** A line break that forges a line, an escape sequence, a reversal of direction and something invisible. */
const HOSTILE = 'Tea\n* mallory left\u001b[31m\u009b2J\u202e\u200b';

/** What a person sees of a command, without the time that lines of the history begin with. */
async function seen(home: Home, ...words: string[]): Promise<string[]> {
  const { stdout, stderr }: Result = await home.shown(...words);
  const lines = `${stdout}${stderr}`.trimEnd().split('\n');
  return lines.map((line) => line.replace(/^.*? {2}(?=\[)/, ''));
}

test('a conversation’s name forges no line, wherever it is shown', async () => {
  const [alice, bob] = [await move('alice'), await move('bob')];
  const created = await seen(alice, 'conversations', 'create', '--name', HOSTILE, '--with', bob.handle);
  const [{ conversation: id }] = (await alice.done('conversations'))['conversations'] as [
    { conversation: string },
  ];
  const name = 'Tea[U+000A]* mallory left[U+001B][31m[U+009B]2J[U+202E][U+200B]';
  expect(created).toEqual([`Created “${name}” with ${bob.handle}: ${id}`]);
  await alice.done('send', id, HOSTILE);

  const heard = await seen(bob, 'listen', '--count', '1', '--timeout', '20');
  for (const line of heard) expect(line.startsWith(`[${name}] `)).toBe(true);
  expect(heard).toHaveLength(3);
  expect(heard.join('\n')).toContain(`* ${alice.handle} added ${bob.handle}`);
  expect(heard.join('\n')).toContain(`* ${alice.handle} named the conversation “${name}”`);
  expect(heard.join('\n')).toContain(`${alice.handle}: ${name.replace('[U+000A]', ' ')}`);

  const listed = await seen(bob, 'conversations');
  expect(listed).toHaveLength(1);
  expect(listed[0]?.startsWith(`${name}  `)).toBe(true);
  for (const line of [...created, ...heard, ...listed]) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
}, 240_000);

test('an error forges no line, whatever it was asked for', async () => {
  const [alice] = await party('alice');
  for (const words of [
    ['send', HOSTILE, 'hello'],
    ['members', 'Tea', 'add', HOSTILE],
    ['verify', HOSTILE],
    ['verify-fork', HOSTILE],
    ['conversations', 'create', '--with', HOSTILE],
    [HOSTILE],
  ]) {
    const lines = await seen(alice, ...words);
    expect(lines, words.join(' ')).toEqual([expect.stringMatching(/^qpc: .* \([A-Z_]+\)$/)]);
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
}, 240_000);
