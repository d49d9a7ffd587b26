import { describe, expect, test } from 'vitest';
import { isolated, visible, withoutInvisible } from './visible.ts';

describe('visible', () => {
  test.each([
    ['a zero-width space', 'bob\u200b', 'bob[U+200B]'],
    ['a word joiner', 'bo\u2060b', 'bo[U+2060]b'],
    ['a right-to-left override', '\u202ebob', '[U+202E]bob'],
    ['isolates and marks', '\u2066a\u2069\u200f', '[U+2066]a[U+2069][U+200F]'],
    ['a newline and a tab', 'bob\nalice\t', 'bob[U+000A]alice[U+0009]'],
    ['an escape and a null', '\u001b[31m\u0000', '[U+001B][31m[U+0000]'],
    ['a line separator', 'a\u2028b', 'a[U+2028]b'],
    ['a Hangul filler and a Braille blank', '\u3164\u2800', '[U+3164][U+2800]'],
    ['tags that spell a hidden text', 'a\u{e0062}\u{e006f}', 'a[U+E0062][U+E006F]'],
    ['a soft hyphen', 'bo\u00adb', 'bo[U+00AD]b'],
    ['a joiner between Latin letters', 'b\u200dob', 'b[U+200D]ob'],
    ['a variation selector after a letter', 'b\ufe0fob', 'b[U+FE0F]ob'],
    ['a byte order mark', 'a\ufeffb', 'a[U+FEFF]b'],
  ])('writes out %s', (_what, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each([
    ['plain names', 'alice-2.b_c'],
    ['accents, made of one character or of two', 'Zoë Zoe\u0308'],
    ['a family of emoji', 'The 👨‍👩‍👧 family'],
    ['an emoji with its variation selector, a keycap and a flag', '❤️ 1️⃣ 🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['a Persian word with its non-joiner', 'می‌خواهم'],
    ['a Hindi word with its joiner', 'क्‍ष'],
    ['Hebrew, Chinese and Thai', 'שלום 你好 สวัสดี'],
  ])('leaves %s alone', (_what, text) => {
    expect(visible(text)).toBe(text);
  });
});

test('isolates a name in a sentence, unless it is ASCII', () => {
  expect(isolated('alice')).toBe('alice');
  expect(isolated('שלום')).toBe('\u2068שלום\u2069');
});

test('does not let a name end its own isolation', () => {
  expect(isolated('שלום\u2069\u202e')).toBe('\u2068שלום[U+2069][U+202E]\u2069');
});

test('takes invisible characters out of what initials are made from', () => {
  expect(withoutInvisible('\u202e\u200bbob')).toBe('bob');
});
