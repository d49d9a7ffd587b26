import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transcript } from './transcript.ts';

test('the bytes are pinned: the core and relays of other versions rely on them', () => {
  expect(Buffer.from(transcript('login', ['relay', 7, new Uint8Array([1, 2])])).toString('hex')).toBe(
    [
      '0000000d' + Buffer.from('quicprochat/1').toString('hex'),
      '00000005' + Buffer.from('login').toString('hex'),
      '00000005' + Buffer.from('relay').toString('hex'),
      '00000008' + '0000000000000007',
      '00000002' + '0102',
    ].join(''),
  );
});

test('text is UTF-8, with its length in bytes', () => {
  const texts = ['', 'aü', '€', '\u{1f375}', '\ud800', 'a'];
  const parts = ['quicprochat/1', 'p', ...texts].map((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  expect(Buffer.from(transcript('p', texts))).toEqual(Buffer.concat(parts));
});

test('two lists of fields never give the same bytes', () => {
  const fields = fc.array(fc.oneof(fc.string({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 })), {
    maxLength: 4,
  });
  const asBytes = (list: (string | Uint8Array)[]) =>
    list.map((field) => Buffer.from(field as string).toString('hex')).join('|') + `#${list.length}`;
  fc.assert(
    fc.property(fields, fields, (left, right) => {
      const same = Buffer.from(transcript('p', left)).equals(Buffer.from(transcript('p', right)));
      expect(same).toBe(asBytes(left) === asBytes(right));
    }),
  );
});
