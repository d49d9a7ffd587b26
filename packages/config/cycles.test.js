import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cyclesAmong, sourcesUnder } from './cycles.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('no file of the repository imports itself by way of others', () => {
  const sources = ['apps', 'packages'].flatMap((folder) => sourcesUnder(join(ROOT, folder)));
  expect(sources.length).toBeGreaterThan(300);
  expect(cyclesAmong(sources, ROOT).map((cycle) => cycle.join(' -> '))).toEqual([]);
}, 60_000);

test('a planted cycle is found and named, also one of types alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cycles-'));
  writeFileSync(join(folder, 'a.ts'), `import { b } from './b.ts';\nexport const a = b;\n`);
  writeFileSync(join(folder, 'b.ts'), `import type { C } from './c.tsx';\nexport const b: C = 1;\n`);
  writeFileSync(join(folder, 'c.tsx'), `export type { a } from './a.ts';\nexport type C = number;\n`);
  writeFileSync(join(folder, 'd.ts'), `import './a.ts';\n`);
  const found = cyclesAmong(sourcesUnder(folder), folder);
  expect(found).toEqual([['a.ts', 'b.ts', 'c.tsx', 'a.ts']]);
});

test.each([
  ['a dynamic import', 'b.ts', `export const later = () => import('./b.ts');`],
  ['a re-export', 'b.ts', `export * from './b.ts';`],
  ['the type of an import', 'b.ts', `export type B = import('./b.ts').B;`],
  ['the name that it is compiled to', 'b.tsx', `import './b.js';`],
  ['a name without an ending', 'b.ts', `import './b';`],
  ['a folder', 'b/index.ts', `import './b';`],
  ['another kind of module', 'b.mts', `import './b.mts';`],
])('a cycle by %s is found', (_way, other, source) => {
  const folder = mkdtempSync(join(tmpdir(), 'cycles-'));
  mkdirSync(join(folder, 'b'));
  writeFileSync(join(folder, 'a.ts'), source);
  writeFileSync(join(folder, other), `import '${other.includes('/') ? '..' : '.'}/a.ts';`);
  expect(cyclesAmong(sourcesUnder(folder), folder)).toEqual([['a.ts', other, 'a.ts']]);
});
