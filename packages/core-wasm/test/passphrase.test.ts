import { argon2Sync } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { initialize, keyOfPassphrase } from '../src/node.ts';

const passphrase = new TextEncoder().encode('correct horse battery staple');
const salt = new Uint8Array(16).fill(3);
const small = { memoryKib: 64, passes: 1, lanes: 1 };

beforeAll(() => initialize());

test.each([
  { memoryKib: 64, passes: 1, lanes: 1 },
  { memoryKib: 100, passes: 4, lanes: 3 },
  { memoryKib: 65_536, passes: 3, lanes: 1 },
])('derives the key that OpenSSL derives: %o', (cost) => {
  const expected = argon2Sync('argon2id', {
    message: passphrase,
    nonce: salt,
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength: 32,
  });
  expect(keyOfPassphrase(passphrase, salt, cost)).toEqual(new Uint8Array(expected));
});

test.each([
  ['4 GiB of memory', { memoryKib: 4 * 1_024 * 1_024 - 1 }],
  ['a little more than the most memory', { memoryKib: 262_145 }],
  ['too little memory for its lanes', { memoryKib: 31, lanes: 4 }],
  ['no passes', { passes: 0 }],
  ['too many passes', { passes: 17 }],
  ['no lanes', { lanes: 0 }],
  ['too many lanes', { lanes: 5 }],
])('refuses a cost of %s, and goes on working', (_what, part) => {
  const derive = () => keyOfPassphrase(passphrase, salt, { ...small, ...part });
  expect(derive).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  expect(keyOfPassphrase(passphrase, salt, small)).toHaveLength(32);
});

test('refuses an empty passphrase and a short salt', () => {
  const code = expect.objectContaining({ code: 'BAD_INPUT' });
  expect(() => keyOfPassphrase(new Uint8Array(), salt, small)).toThrow(code);
  expect(() => keyOfPassphrase(passphrase, salt.subarray(1), small)).toThrow(code);
});
