import { crc32 as ofZlib } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from './crc32.ts';

test('is that of zlib', () => {
  for (let length = 0; length < 300; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 167 + length * 31) & 0xff);
    expect(crc32(bytes)).toBe(ofZlib(bytes));
  }
});
