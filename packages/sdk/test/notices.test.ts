import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const read = (path: string) => readFile(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
const notices = await read('packages/sdk/THIRD-PARTY-NOTICES.txt');

test('the notices were made from the lock file as it is', async () => {
  const lock = createHash('sha256')
    .update(await read('Cargo.lock'))
    .digest('hex');
  expect(notices, 'Cargo.lock has changed: run `pnpm notices`').toContain(`SHA-256 ${lock}.`);
});

test('every crate that the notices name is locked at that version, and has a licence and its text', async () => {
  const lock = await read('Cargo.lock');
  const locked = [...lock.matchAll(/name = "(.+)"\nversion = "(.+)"/g)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  const sections = notices.split(/^={80}$/m).slice(1);
  const titles = sections.flatMap((section) => section.split('\n\n')[0]!.trim().split('\n'));
  const crates = titles.filter((title) => !title.startsWith('the Rust standard library'));
  expect(crates.length).toBeGreaterThan(100);
  expect(crates.filter((title) => !locked.includes(title.split(' (')[0]!))).toEqual([]);
  expect(titles.filter((title) => !/ \([\w.-]+( AND [\w.-]+)*\)/.test(title))).toEqual([]);
  expect(sections.filter((section) => !/WITHOUT\s+WARRANT|AS\s+IS|as-is/i.test(section))).toEqual([]);
});
