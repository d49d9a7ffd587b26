import { toBase64Url } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { documentOf, encodeSlots, fileSlotOf, readSlots } from './document.ts';
import type { DeviceSlot, PassphraseSlot, SecretSlot, Slot } from './slots.ts';

const text = (length: number, fill = 7) => toBase64Url(new Uint8Array(length).fill(fill));
const utf8 = (json: string) => new TextEncoder().encode(json);
const jsonOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;

const passphrase: PassphraseSlot = {
  id: 'aa',
  kind: 'passphrase',
  addedAt: 1_790_000_000_000,
  salt: text(16),
  memoryKib: 65_536,
  passes: 3,
  lanes: 1,
  nonce: text(24),
  wrapped: text(48),
};
const secret: SecretSlot = {
  id: 'bb',
  kind: 'secret',
  addedAt: 2,
  salt: text(16),
  passkey: { credentialId: text(20), salt: text(32) },
  nonce: text(24),
  wrapped: text(48),
};
const device: DeviceSlot = {
  id: 'device',
  kind: 'device',
  addedAt: 3,
  nonce: text(12),
  wrapped: text(48),
};
const file = fileSlotOf(new Uint8Array(32).fill(9));
/** What a later version could write. */
const hologram = { id: 'cc', kind: 'hologram', addedAt: 4, depth: { of: [1, 2] } } as Slot;
const ALL: Slot[] = [passphrase, secret, device, file, hologram];

/** A document as somebody else would write it, with a sum that is right. */
function written(slots: unknown): Uint8Array {
  const { sum } = jsonOf(documentOf(slots as Slot[]));
  return utf8(JSON.stringify({ version: 1, slots, sum }));
}

test('slots are read as they were written, those of unknown kinds too', () => {
  expect(readSlots(encodeSlots(ALL))).toEqual(ALL);
});

test('a bare key is one slot, and one such slot is kept as a bare key', () => {
  const key = new Uint8Array(32).fill(9);
  expect(readSlots(key)).toEqual([file]);
  expect(encodeSlots([file])).toEqual(key);
  expect(readSlots(encodeSlots([file, passphrase]))).toEqual([file, passphrase]);
});

test.each(ALL.filter((slot) => slot !== file))(
  'a document with a flipped bit anywhere is refused: $kind',
  (slot) => {
    const document = encodeSlots([slot]);
    for (let at = 0; at < document.length; at++)
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const damaged = document.with(at, document[at]! ^ bit);
        const read = () => readSlots(damaged);
        expect(read, `byte ${at}, bit ${bit}`).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^STORE_(KEY_MISSING|VERSION)$/) }),
        );
      }
  },
);

test('a document that was cut or lengthened is refused, wherever', () => {
  const document = encodeSlots(ALL);
  for (let length = 0; length < document.length; length++) {
    if (length === 32) continue;
    expect(() => readSlots(document.subarray(0, length)), `${length} bytes`).toThrow(
      expect.objectContaining({ code: 'STORE_KEY_MISSING' }),
    );
  }
  const longer = new Uint8Array(document.length + 1);
  longer.set(document);
  expect(() => readSlots(longer)).toThrow(expect.objectContaining({ code: 'STORE_KEY_MISSING' }));
});

test('a document of a later version is refused as one, whatever its form', () => {
  for (const later of [{ version: 2 }, { version: 9, slots: 'elsewhere' }])
    expect(() => readSlots(utf8(JSON.stringify(later)))).toThrow(
      expect.objectContaining({ code: 'STORE_VERSION' }),
    );
});

test.each([
  ['4 GiB of memory', { memoryKib: 4 * 1_024 * 1_024 }],
  ['memory beyond 32 bits', { memoryKib: 2 ** 32 + 64 }],
  ['less memory than lanes need', { memoryKib: 16, lanes: 4 }],
  ['a fraction of a pass', { passes: 1.5 }],
  ['no passes', { passes: 0 }],
  ['a million passes', { passes: 1_000_000 }],
  ['a thousand lanes', { lanes: 1_000 }],
  ['a short salt', { salt: text(8) }],
  ['a field that is not known', { pepper: 1 }],
  ['a wrapped key that is too long', { wrapped: text(64) }],
  ['a nonce that is not canonical base64url', { nonce: `${text(24).slice(0, -1)}=` }],
])('a slot with %s is refused, although the sum is right', (_what, change) => {
  expect(readSlots(written([passphrase]))).toEqual([passphrase]);
  expect(() => readSlots(written([{ ...passphrase, ...change }]))).toThrow(
    expect.objectContaining({ code: 'STORE_KEY_MISSING' }),
  );
});

test('no slots, too many of them, or two with one id are refused', () => {
  const many = Array.from({ length: 17 }, (_, i) => ({ ...passphrase, id: `${i}` }));
  expect(readSlots(written(many.slice(1)))).toHaveLength(16);
  for (const slots of [[], many, [passphrase, { ...secret, id: passphrase.id }]])
    expect(() => readSlots(written(slots))).toThrow(expect.objectContaining({ code: 'STORE_KEY_MISSING' }));
});

test('what is too large to be a document is refused before it is parsed', () => {
  const large = { ...hologram, depth: 'x'.repeat(64 * 1_024) };
  expect(() => readSlots(written([large]))).toThrow(expect.objectContaining({ code: 'STORE_KEY_MISSING' }));
});

test('what could not be read again is not written', () => {
  for (const [slots, code] of [
    [[{ ...hologram, depth: 'x'.repeat(64 * 1_024) }], 'KEY_SLOTS_FULL'],
    [[{ ...passphrase, addedAt: -1 }], 'STORE_KEY_MISSING'],
    [[passphrase, passphrase], 'STORE_KEY_MISSING'],
    [[], 'STORE_KEY_MISSING'],
  ] as const)
    expect(() => encodeSlots(slots)).toThrow(expect.objectContaining({ code }));
});
