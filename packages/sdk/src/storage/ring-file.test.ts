import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RingFile } from './ring-file.ts';

const SLOT = 128;

const row = (id: number) => ({ key: `ring/own/${id}`, value: new Uint8Array(32).fill(id) });
const keys = (...ids: number[]) => new Set(ids.map((id) => row(id).key));

async function ring() {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-ring-')), 'test.ring');
  let generation = 0;
  const file = new RingFile(path);
  return { path, file, rows: () => new RingFile(path).rows(++generation), bytes: () => readFile(path) };
}

test('rows are there until they are erased, for whoever opens the file', async () => {
  const { file, rows } = await ring();
  expect(rows()).toEqual([]);
  file.put([row(2), row(1)]);
  file.put([row(3)]);
  expect(rows()).toEqual([row(1), row(2), row(3)]);
  file.erase(keys(1, 7));
  expect(rows()).toEqual([row(2), row(3)]);
});

test('what is erased is overwritten in its place, and its slot is used again', async () => {
  const { file, bytes } = await ring();
  file.put([row(1), row(2)]);
  const before = await bytes();
  expect(before.includes(Buffer.from(row(1).value))).toBe(true);
  file.erase(keys(1));
  const after = await bytes();
  expect(after).toHaveLength(before.length);
  expect(after.includes(Buffer.from(row(1).value))).toBe(false);
  expect(after.subarray(0, SLOT).every((byte) => byte === 0)).toBe(true);
  file.put([row(3)]);
  expect((await bytes()).length).toBe(before.length);
});

test('a row that is there is replaced, and what it held is gone', async () => {
  const { file, rows, bytes } = await ring();
  file.put([row(1), row(2)]);
  const next = { ...row(1), value: new Uint8Array(32).fill(9) };
  file.put([next]);
  expect(rows()).toEqual([next, row(2)]);
  expect((await bytes()).includes(Buffer.from(row(1).value))).toBe(false);
});

test('a slot that was written in part is free, and is overwritten', async () => {
  const { path, file, rows, bytes } = await ring();
  file.put([row(1), row(2)]);
  const whole = await bytes();
  for (const length of [1, 3, 4, 20, SLOT - 1]) {
    const torn = Buffer.concat([whole.subarray(0, SLOT + length), Buffer.alloc(SLOT - length)]);
    // A value of twos that ends early is the same as none.
    if (torn.equals(whole)) continue;
    await writeFile(path, torn);
    expect(rows(), `${length}`).toEqual([row(1)]);
    file.erase(keys(7));
    expect((await bytes()).subarray(SLOT).every((byte) => byte === 0)).toBe(true);
  }
  await writeFile(path, whole.subarray(0, SLOT + 50));
  expect(rows()).toEqual([row(1)]);
  file.put([row(4)]);
  expect(rows()).toEqual([row(1), row(4)]);
});

test('a flipped bit anywhere in a slot makes it free, and no other', async () => {
  const { path, file, rows, bytes } = await ring();
  file.put([row(1), row(2)]);
  const whole = await bytes();
  for (let at = 0; at < SLOT; at++) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await writeFile(path, flipped);
    expect(rows(), `${at}`).toEqual([row(2)]);
  }
});

test('a file that is deleted or replaced while it is open is there again, whole, with the next row', async () => {
  const { path, file, rows } = await ring();
  file.put([row(1), row(2)]);
  await rm(path);
  file.put([row(3)]);
  expect(rows()).toEqual([row(1), row(2), row(3)]);

  const other = new RingFile(`${path}.other`);
  other.put([row(1), row(4)]);
  await rename(`${path}.other`, path);
  file.put([row(5)]);
  expect(rows()).toEqual([row(1), row(2), row(3), row(4), row(5)]);
  file.erase(keys(2));
  expect(rows()).toEqual([row(1), row(3), row(4), row(5)]);
});

test('only its owner may read the file', async () => {
  const { path, file } = await ring();
  file.put([row(1)]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a row that does not fit is refused, and nothing is written', async () => {
  const { file, rows } = await ring();
  expect(() => file.put([{ key: `ring/${'x'.repeat(200)}`, value: new Uint8Array(32) }])).toThrow('too long');
  expect(rows()).toEqual([]);
});
