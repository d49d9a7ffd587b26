import { expect, test } from 'vitest';
import { clean, table } from './output.ts';

test.each([
  ['plain words, ünïcödé, 漢字, 👩‍🚀', 'plain words, ünïcödé, 漢字, 👩‍🚀'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'link'],
  ['one\r\n  two\nthree', 'one two three'],
  ['bell\u0007 c1\u009b2J', 'bell  c1'],
  ['abc\u202efdp.exe\u2066', 'abc fdp.exe '],
])('%j is shown as %j', (text, shown) => {
  expect(clean(text)).toBe(shown);
});

test('columns are as wide as their widest cell', () => {
  expect(
    table([
      ['a', 'b'],
      ['long', 'c'],
    ]),
  ).toBe('a     b\nlong  c');
});
