import { expect, test } from 'vitest';
import { decodeRow, encodeRow } from './codec.ts';

test('a row comes back as it was stored', () => {
  const row = { text: 'ключ', n: 0, nothing: null, list: [1, 'two'] };
  expect(decodeRow('draft/x', encodeRow(row))).toEqual(row);
});

test.each([
  ['empty', new Uint8Array()],
  ['of an unknown form', new Uint8Array([2, ...encodeRow('text').subarray(1)])],
  ['cut short', encodeRow('text').subarray(0, 4)],
  ['not UTF-8', new Uint8Array([1, 0x22, 0xff, 0x22])],
])('a row that is %s is reported by its key', (_what, bytes) => {
  expect(() => decodeRow('draft/x', bytes)).toThrow(
    expect.objectContaining({ code: 'STORE_CORRUPT', details: { told: expect.stringContaining('draft/x') } }),
  );
});
