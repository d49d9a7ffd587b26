import { readFileSync } from 'node:fs';
import type { ConversationState } from '@quicprochat/sdk';
import { expect, test } from 'vitest';
import { parse } from './arguments.ts';
import { COMMANDS } from './commands.ts';
import { listConversations, SUITES } from './commands/conversations.ts';
import { EXIT_CODES, helpFor } from './help.ts';

const BOOK = new URL('../../../docs/src/', import.meta.url);
const pageOf = (path: string) => readFileSync(new URL(path, BOOK), 'utf8');

test('the help for conversations names every state', () => {
  const states = Object.keys({
    active: true,
    leaving: true,
    left: true,
    removed: true,
    stuck: true,
    forked: true,
  } satisfies Record<ConversationState, true>);
  const [, named = ''] = /The state is ([^.]+)\./.exec(helpFor([listConversations], COMMANDS)) ?? [];
  expect(named.split(/, | or /)).toEqual(states);
});

test('the book and the overview list every exit code with the same meaning', () => {
  const [, table = ''] = pageOf('terminal.md').split('| exit code | ');
  const rows = [...table.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, meaning]) => [code, meaning]);
  expect(rows).toEqual(Object.entries(EXIT_CODES));
  const [, section = ''] = helpFor([], COMMANDS).split('Exit codes:\n');
  expect(section.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual(rows);
});

test('the book’s table of results lists every command as the help spells it', () => {
  const [, table = ''] = pageOf('terminal.md').split(/^\| command .*$/m);
  const cells = [...(table.split('\n\n')[0] ?? '').matchAll(/^\| (`.*?`) +\|/gm)].map(([, cell]) => cell);
  const named = cells.flatMap((cell) => [...(cell ?? '').matchAll(/`(.+?)`/g)].map(([, usage]) => usage));
  expect(named.toSorted()).toEqual(COMMANDS.map(({ usage }) => usage).toSorted());
});

test('the book names the suites that --suite takes', () => {
  const [, sentence = ''] =
    /`qpc conversations create --suite` takes ([^.]+)\./.exec(pageOf('concepts/post-quantum.md')) ?? [];
  const named = [...sentence.matchAll(/`(\w+)`\s\((0x[0-9A-F]{4})\)/g)].map(([, name, id]) => [
    name,
    Number(id),
  ]);
  expect(Object.fromEntries(named)).toEqual(SUITES);
});

test('help about more than the first word shows only what it is about, and how to do it', () => {
  const helpAbout = (...words: string[]) => {
    const parsed = parse(['help', ...words], COMMANDS);
    return parsed.kind === 'help' ? helpFor(parsed.about, COMMANDS) : '';
  };
  expect(helpAbout('keys', 'add')).toContain('qpc keys add passphrase --new-passphrase-fd 0 <FILE');
  expect(helpAbout('keys', 'add')).not.toContain('qpc keys change');
  expect(helpAbout('members', 'remove')).toContain('qpc members CONVERSATION remove');
  expect(helpAbout('members', 'remove')).not.toContain('qpc members CONVERSATION add');
  expect(() => helpAbout('keys', 'nonsense')).toThrow(/See qpc help keys/);
});
