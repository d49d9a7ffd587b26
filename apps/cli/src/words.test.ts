import { expect, test } from 'vitest';
import { handlesFrom, nameFrom, safetyNumberFrom } from './words.ts';

const usage = expect.objectContaining({ code: 'USAGE', exit: 2 });

test('takes a name of 128 characters and refuses a longer one', () => {
  expect(nameFrom('x'.repeat(128))).toHaveLength(128);
  expect(() => nameFrom('x'.repeat(129))).toThrow(usage);
});

test('takes 1,000 handles and refuses more, or one that is malformed', () => {
  const handles = Array.from({ length: 1_001 }, (_, i) => `p${i}`);
  expect(handlesFrom(handles.slice(1).join())).toEqual(handles.slice(1));
  expect(() => handlesFrom(handles.join())).toThrow(usage);
  expect(() => handlesFrom('bob,Not A Handle')).toThrow(usage);
});

test('takes a safety number as qpc shows it, and refuses any other count of digits', () => {
  const shown = Array.from({ length: 12 }, () => '12345').join(' ');
  expect(safetyNumberFrom('reject', shown)).toBe(shown);
  expect(() => safetyNumberFrom('reject', `${shown} 1`)).toThrow(usage);
});
