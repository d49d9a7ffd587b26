import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readPlantedBug } from '../src/patch.ts';

const FOLDER = new URL('../planted/', import.meta.url);
const ROOT = new URL('../../../../', import.meta.url);
const PLANTED = fileURLToPath(new URL('../src/planted.ts', import.meta.url));

const PATCHES = readdirSync(FOLDER).filter((name) => name.endsWith('.patch'));

/** Bugs that are found soon. `pnpm prove planted` looks for all of them. */
const SAMPLE = ['message-removed-before-posted', 'read-positions-stay-in-the-tab'];

test.each(PATCHES)('the bug can still be planted: %s', (name) => {
  for (const { path, apply } of readPlantedBug(new URL(name, FOLDER)).changes) {
    const source = readFileSync(new URL(path, ROOT), 'utf8');
    expect(apply(source)).not.toBe(source);
  }
});

test('there are at least forty', () => {
  expect(PATCHES.length).toBeGreaterThanOrEqual(40);
});

test('what is planted is found, and without it there is nothing to find', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PLANTED, ...SAMPLE]);
  expect(stdout).toMatch(/^planted: no bug: nothing in \d+ seeds$/m);
  for (const name of SAMPLE)
    expect(stdout).toMatch(new RegExp(`^planted: ${name}: seed \\d+ of \\d+: `, 'm'));
  expect(stdout).toContain(`planted: ${SAMPLE.length} bugs, 0 failed`);
}, 300_000);
