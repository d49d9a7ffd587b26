import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { searchFolder } from './search.ts';

const SECRET = 'the code of the door is 4711?>';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qpc-search-'));
  await mkdir(join(folder, 'below'));
});
afterAll(() => rm(folder, { recursive: true }));

const encoded = (encoding: BufferEncoding, before: string) =>
  Buffer.from(`${before}${SECRET} and more`).toString(encoding);

test.each([
  ['as it is', SECRET],
  ['in UTF-16', Buffer.from(SECRET, 'utf16le')],
  ['in hex', encoded('hex', 'x')],
  ['in upper-case hex', encoded('hex', 'x').toUpperCase()],
  ...['', 'x', 'xy'].flatMap((before) => [
    [`in base64 after ${before.length} bytes`, encoded('base64', before)],
    [`in base64url after ${before.length} bytes`, encoded('base64url', before)],
  ]),
] as [string, string | Buffer][])('a text is found %s', async (_, content) => {
  const file = join(folder, 'below', 'file');
  await writeFile(file, Buffer.concat([Buffer.from('noise '), Buffer.from(content), Buffer.from(' noise')]));
  const { found } = await searchFolder(folder, [SECRET, 'something else']);
  expect(found).toEqual([SECRET]);
  await rm(file);
});
