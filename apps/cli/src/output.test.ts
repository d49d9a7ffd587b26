import { afterEach, expect, test, vi } from 'vitest';
import type { Message } from '@quicprochat/sdk';
import { textOf } from './commands/message-line.ts';
import { clean, Output, table } from './output.ts';

afterEach(() => vi.restoreAllMocks());

/** What is written while something is printed. */
async function written(print: (output: Output) => Promise<void>, json = false): Promise<string> {
  let text = '';
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk, ...rest) => {
      text += String(chunk);
      (rest.at(-1) as (error?: Error | null) => void)(null);
      return true;
    });
  }
  await print(new Output(json));
  return text;
}

/** Line breaks, an escape sequence, a terminal's title, a reversal of direction, and what cannot be seen. */
const HOSTILE =
  'bob\nmallory: hello\r\n\u0085\u2028\u001b[31mred\u001b]0;title\u0007\u009b2J\u202egnp\u2066\u200b\u2060\ufeff\u00ad!';
const TAMED = 'bob mallory: hello red gnp !';

test.each([
  ['plain words, ünïcödé, 漢字, 👩‍🚀, ❤️, می‌خواهم', 'plain words, ünïcödé, 漢字, 👩‍🚀, ❤️, می‌خواهم'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'link'],
  ['one\r\n  two\nthree', 'one two three'],
  ['bell\u0007 c1\u009b2J', 'bell  c1'],
  ['abc\u202efdp.exe\u2066', 'abc fdp.exe '],
  ['bob\u200b\u2060\ufeff\u00ad\u3164', 'bob'],
  [HOSTILE, TAMED],
])('%j is shown as %j', (text, shown) => {
  expect(clean(text)).toBe(shown);
});

test.each<[string, (output: Output) => Promise<void>]>([
  ['a result', (output) => output.result({}, HOSTILE)],
  ['a note', (output) => output.note(HOSTILE)],
  ['a row of a table', (output) => output.result({}, ...table([[HOSTILE]]))],
])('%s stays one line, whatever it is made of', async (_what, print) => {
  expect(await written(print)).toBe(`${TAMED}\n`);
});

test('the columns of a table line up, whatever a cell is made of', () => {
  const [first = '', second = ''] = table([
    [HOSTILE, 'x'],
    ['bob', 'x'],
  ]);
  expect(first).toBe(`${TAMED}  x`);
  expect(second).toBe(`${'bob'.padEnd(TAMED.length)}  x`);
});

test('a failure stays one line, whatever its sentence names', async () => {
  const failure = { code: 'INVALID_ARGUMENT', message: `Nobody is called ${HOSTILE}` };
  const text = await written((output) => output.failure(failure));
  expect(text).toBe(`qpc: Nobody is called ${TAMED} (INVALID_ARGUMENT)\n`);
});

const CONTENTS: Message['content'][] = [
  { type: 'text', text: HOSTILE },
  { type: 'members-added', handles: [HOSTILE, HOSTILE] },
  { type: 'members-removed', handles: [HOSTILE, HOSTILE] },
  { type: 'left', handle: HOSTILE },
  { type: 'renamed', name: HOSTILE },
  { type: 'healed', handle: HOSTILE },
  { type: 'copied' },
  { type: 'undecryptable', code: 'DECRYPT_FAILED' },
];

test.each(CONTENTS)('a $type line stays one line, whoever and whatever it names', async (content) => {
  const message = { from: HOSTILE, sentAtMs: 0, content } as Message;
  const text = await written((output) => output.result({}, textOf(message, HOSTILE)));
  expect(text).toMatch(/^[^\n]*\n$/);
  expect(text).toContain(`[${TAMED}]`);
  expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('for programs the values stay as they are, and nothing in them steers a terminal', async () => {
  const text = await written((output) => output.result({ name: HOSTILE }), true);
  expect(JSON.parse(text)).toEqual({ name: HOSTILE });
  expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
});

test('columns are as wide as their widest cell', () => {
  expect(
    table([
      ['a', 'b'],
      ['long', 'c'],
    ]),
  ).toEqual(['a     b', 'long  c']);
});
