import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePayload, encodePayload } from './payload.ts';

const id = '0123456789abcdef0123456789abcdef';
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test('what is encoded is decoded again', () => {
  const text = { v: 1 as const, id: id as never, at: 5, type: 'text' as const, text: 'hi' };
  expect(decodePayload(encodePayload(text))).toEqual(text);
});

test('a newer type shows its fallback text', () => {
  const decoded = decodePayload(json({ v: 1, id, at: 5, type: 'poll', fallback: 'A poll', options: [] }));
  expect(decoded).toEqual({ v: 1, id, at: 5, type: 'text', text: 'A poll' });
});

test('a newer type without a fallback is told apart from nonsense', () => {
  expect(decodePayload(json({ v: 1, id, at: 5, type: 'poll' }))).toEqual({ type: 'unsupported' });
  expect(decodePayload(json({ v: 1, id, at: 5, type: 'text' }))).toEqual({ type: 'malformed' });
  expect(decodePayload(new Uint8Array([0xff, 0xfe]))).toEqual({ type: 'malformed' });
});

test('nothing that a member can send makes decoding throw, or says who sent it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        const decoded = decodePayload(bytes);
        expect(decoded).not.toHaveProperty('from');
      },
    ),
  );
  expect(decodePayload(json({ v: 1, id, at: 1, type: 'text', text: 'x', from: 'alice' }))).not.toHaveProperty(
    'from',
  );
});
