import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSecrets } from '@quicprochat/testkit';
import { expect, test } from 'vitest';

// With a `+` or `/` in its base64, whatever stands before it.
const TEXT = 'größte "eule" 🦉 47?>?>\n';
const BYTES = Uint8Array.from([
  0xfb, 0xef, 0xbe, 0, 1, 2, 0xff, 0xfe, 0x3e, 0x3f, 0x3e, 0x80, 0x7f, 9, 10, 13, 34,
]);

/** Something else before and after it, as where a secret is a part of a larger value. */
const within = (secret: Uint8Array, before: number) =>
  Buffer.concat([Buffer.alloc(before, 1), secret, Buffer.from([2, 3, 4, 5])]);

/** The forms of bytes, each made by what a program would use. */
const written = (secret: Uint8Array): [form: string, text: string][] => [
  ['hex', within(secret, 1).toString('hex')],
  ['hex in capitals', within(secret, 1).toString('hex').toUpperCase()],
  ...[0, 1, 2, 3, 4, 5].flatMap((before): [string, string][] => [
    [`base64+${before % 3}`, within(secret, before).toString('base64')],
    [`base64url+${before % 3}`, within(secret, before).toString('base64url')],
  ]),
  ['list of numbers', JSON.stringify([...within(secret, 3)])],
  ['JSON of a byte array', JSON.stringify({ key: new Uint8Array(secret) })],
];

const TEXTS: [form: string, text: string][] = [
  ['text', `before ${TEXT} after`],
  ['JSON', JSON.stringify({ text: TEXT })],
  ['ASCII JSON', '{"text":"gr\\u00f6\\u00dfte \\"eule\\" \\ud83e\\udd89 47?>?>\\n"}'],
  ['ASCII JSON in capitals', '{"text":"gr\\u00F6\\u00DFte \\"eule\\" \\uD83E\\uDD89 47?>?>\\n"}'],
  ['URL', new URL(`http://a/?q=${encodeURIComponent(TEXT)}`).href],
  ...written(Buffer.from(TEXT)),
];

const asUtf8And16 = ([form, text]: [string, string]): [string, Buffer][] => [
  [form, Buffer.from(text)],
  [`${form} as utf-16le`, Buffer.from(text, 'utf16le')],
  [`${form} as utf-16be`, Buffer.from(text, 'utf16le').swap16()],
];

async function folderWith(content: Uint8Array): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-find-'));
  await mkdir(join(folder, 'below'));
  const file = join(folder, 'below', 'file');
  await writeFile(file, content);
  return { folder, file };
}

test.each([
  ...TEXTS.flatMap(asUtf8And16).map(([form, content]) => ['a text', form, TEXT, content] as const),
  ['a text', 'latin-1', 'größte eule', Buffer.from('die größte eule', 'latin1')] as const,
  ...written(BYTES)
    .flatMap(asUtf8And16)
    .map(([form, content]) => ['bytes', form, BYTES, content] as const),
  ['bytes', 'raw', BYTES, within(BYTES, 5)] as const,
])('finds %s in the form: %s', async (_what, form, secret, content) => {
  const { folder, file } = await folderWith(content);
  const found = await findSecrets(folder, { wanted: secret, other: 'something that is not there' });
  expect(found).toContainEqual({ name: 'wanted', form, file });
  expect(found.filter(({ name }) => name === 'other')).toEqual([]);
});

test.each(['first', 'second'])(
  'finds the %s half of a long secret: a page may end in its middle',
  async (half) => {
    const secret = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 100);
    const part = half === 'first' ? secret.subarray(0, 16) : secret.subarray(16);
    const { folder, file } = await folderWith(within(part, 9));
    expect(await findSecrets(folder, { secret })).toEqual([{ name: 'secret', form: 'raw', file }]);
  },
);

test('finds nothing in random bytes', async () => {
  const { folder } = await folderWith(crypto.getRandomValues(new Uint8Array(65_536)));
  expect(await findSecrets(folder, { text: TEXT, bytes: BYTES })).toEqual([]);
});
