import { afterEach, expect, test, vi } from 'vitest';
import type { Message } from '@quicprochat/sdk';
import { Rng } from '@quicprochat/testkit';
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
const TAMED =
  'bob mallory: hello [U+001B][31mred[U+001B]]0;title[U+0007][U+009B]2J[U+202E]gnp[U+2066][U+200B][U+2060][U+FEFF][U+00AD]!';
/** The same where it is a name: its line breaks are written out, too. */
const NAMED = TAMED.replace('bob ', 'bob[U+000A]').replace('hello ', 'hello[U+000D][U+000A][U+0085][U+2028]');

test.each([
  ['plain words, ünïcödé, 漢字, 👩‍🚀, ❤️, می‌خواهم', 'plain words, ünïcödé, 漢字, 👩‍🚀, ❤️, می‌خواهم'],
  ['\u001b[31mred\u001b[0m', '[U+001B][31mred[U+001B][0m'],
  ['one\r\n  two\nthree', 'one two three'],
  ['bell\u0007 c1\u009b2J', 'bell[U+0007] c1[U+009B]2J'],
  ['abc\u202efdp.exe\u2066', 'abc[U+202E]fdp.exe[U+2066]'],
  ['in \u2068שלום\u202e\u2069 out\u2069', 'in \u2068שלום[U+202E]\u2069 out[U+2069]'],
  ['bob\u200b\u2060\ufeff\u00ad\u3164', 'bob[U+200B][U+2060][U+FEFF][U+00AD][U+3164]'],
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
  expect(text).toContain(`[${NAMED}]`);
  expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('for programs the values stay as they are, and nothing in them steers a terminal', async () => {
  const text = await written((output) => output.result({ name: HOSTILE }), true);
  expect(JSON.parse(text)).toEqual({ name: HOSTILE });
  expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
});

test('no random name out of all of Unicode breaks a line, steers a terminal or leaves its isolates', async () => {
  const rng = new Rng(1);
  const named = (name: string): Message =>
    ({ from: 'alice', sentAtMs: 0, content: { type: 'renamed', name } }) as Message;
  for (let i = 0; i < 10_000; i += 1) {
    const name = randomText(rng);
    const line = clean(textOf(named(name), undefined));
    expect(line).toMatch(
      /^[^*]* {2}\* alice named the conversation “(\u2068[^\u2068\u2069]+\u2069|[ -~]*)”$/u,
    );
    const json = await written((output) => output.result({ name }), true);
    expect(JSON.parse(json)).toEqual({ name });
    expect(json.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
});

/** Letters of all scripts, and half of the times what is invisible or steers. */
function randomText(rng: Rng): string {
  const steering = [
    0x0a, 0x0d, 0x1b, 0x85, 0x9b, 0x200b, 0x200d, 0x200f, 0x2028, 0x202e, 0x2066, 0x2068, 0x2069, 0xe0041,
  ];
  const points = Array.from({ length: 1 + rng.below(12) }, () =>
    rng.below(2) === 0 ? rng.pick(steering) : rng.below(0x11_0000),
  );
  // Half of a pair is no character: a name that is sent has none.
  return String.fromCodePoint(...points).replaceAll(/\p{Surrogate}/gu, '');
}

test('columns are as wide as their widest cell', () => {
  expect(
    table([
      ['a', 'b'],
      ['long', 'c'],
    ]),
  ).toEqual(['a     b', 'long  c']);
});
