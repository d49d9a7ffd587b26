import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/src/development/architecture.md', ROOT), 'utf8');

/** The rooms that the page lists, by the folder that a heading names. */
const listed = new Map(
  page
    .split(/^### `/m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('`')), roomsIn(section.split(/^## /m)[0])]),
);

/** The names in code in the first column of a section's table. */
function roomsIn(section) {
  const cells = [...section.matchAll(/^\| (`[^|]*)\|/gm)].map(([, cell]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
}

test('the architecture page shows the rooms of these folders', () => {
  expect([...listed.keys()]).toEqual([
    'packages/sdk/src',
    'packages/relay/src',
    'crates/core/src',
    'packages/testkit/src',
    'apps/web/src',
    'apps/web/src/features',
  ]);
});

test.each([...listed])('the rooms of %s are those that the architecture page shows', (folder, rooms) => {
  const found = readdirSync(new URL(`${folder}/`, ROOT), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(found.sort()).toEqual([...rooms].sort());
});
