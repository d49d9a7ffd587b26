import { hkdfSync } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { fromBase64Url, toBase64Url } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import { RowSeal } from './row-seal.ts';

const { random } = platform;
const KEY = new Uint8Array(32).fill(1);
const ID = toBase64Url(new Uint8Array(16).fill(2));
const ROW = new TextEncoder().encode('row');
const sealOf = ({ key = KEY, id = ID } = {}) => new RowSeal(key, id);

test('a sealed row opens at its place only', () => {
  const sealed = sealOf().seal('draft/x', 7, ROW, random);
  expect(sealOf().open('draft/x', sealed)).toEqual(ROW);
  expect(sealOf().open('draft/y', sealed), 'another key').toBeUndefined();
  expect(
    sealOf({ id: toBase64Url(new Uint8Array(16)) }).open('draft/x', sealed),
    'another store',
  ).toBeUndefined();
  expect(sealOf({ key: new Uint8Array(32) }).open('draft/x', sealed), 'another store key').toBeUndefined();
});

test('a row of which any byte was changed, cut off or added does not open', () => {
  const sealed = sealOf().seal('draft/x', 7, ROW, random);
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at]! ^= 1;
    expect(sealOf().open('draft/x', changed), `byte ${at}`).toBeUndefined();
    expect(sealOf().open('draft/x', sealed.slice(0, at)), `cut at ${at}`).toBeUndefined();
  }
  expect(sealOf().open('draft/x', new Uint8Array([...sealed, 0]))).toBeUndefined();
});

test('a row has the form that is documented', () => {
  const sealed = sealOf().seal('draft/x', 0x0102_0304_0506, ROW, random);
  const [form, version] = [sealed.slice(0, 1), sealed.slice(1, 9)];
  expect([...form, ...version]).toEqual([2, 0, 0, 1, 2, 3, 4, 5, 6]);
  const label = 'quicprochat sdk row key v1';
  const rowKey = new Uint8Array(hkdfSync('sha256', KEY, fromBase64Url(ID), label, 32));
  const aad = Buffer.concat([
    Buffer.from('quicprochat row'),
    fromBase64Url(ID),
    version,
    Buffer.from('draft/x'),
  ]);
  expect(xchacha20poly1305(rowKey, sealed.slice(9, 33), aad).decrypt(sealed.slice(33))).toEqual(ROW);
});

test('the same row is never sealed alike', () => {
  expect(sealOf().seal('draft/x', 7, ROW, random)).not.toEqual(sealOf().seal('draft/x', 7, ROW, random));
});

test('a name is the same for the same store only', () => {
  expect(sealOf().nameFor('contact/alice')).toBe(sealOf().nameFor('contact/alice'));
  const others = [
    sealOf().nameFor('contact/bob'),
    sealOf({ key: new Uint8Array(32) }).nameFor('contact/alice'),
    RowSeal.fresh(KEY, random).nameFor('contact/alice'),
  ];
  expect(new Set([sealOf().nameFor('contact/alice'), ...others]).size).toBe(4);
});
