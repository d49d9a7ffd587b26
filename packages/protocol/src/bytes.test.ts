import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytes, fromBase64Url, toBase64Url } from './bytes.ts';

test('bytes survive the way to text and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (original) => {
      expect(fromBase64Url(toBase64Url(original))).toEqual(new Uint8Array(original));
    }),
  );
});

test.each(['====', 'AA==', 'A', 'AB', '+/+/', 'é', 'AA\n'])('%j is not canonical base64url', (text) => {
  expect(bytes({ min: 0, max: 10 }).safeParse(text).success).toBe(false);
});

test('a length is held on both sides', () => {
  const schema = bytes({ min: 2, max: 3 });
  const accepted = [1, 2, 3, 4].filter(
    (length) => schema.safeParse(toBase64Url(new Uint8Array(length))).success,
  );
  expect(accepted).toEqual([2, 3]);
});
