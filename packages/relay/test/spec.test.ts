import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const rules = idsIn(readFileSync(new URL('SPEC.md', root), 'utf8').match(/^- \*\*RLY-\d+\*\*/gm) ?? []);
const titles = idsIn(testFiles().flatMap((file) => titlesIn(readFileSync(file, 'utf8'))));

test('every rule has a test', () => {
  expect(rules.filter((rule) => !titles.includes(rule))).toEqual([]);
});

test('every rule that a title names is in SPEC.md', () => {
  expect(titles.filter((title) => !rules.includes(title))).toEqual([]);
});

test('no rule is there twice, and there are rules', () => {
  expect(rules.length).toBeGreaterThan(0);
  expect(new Set(rules).size).toBe(rules.length);
});

/** Ours and those of the process, which alone can be killed. */
function testFiles(): string[] {
  return ['packages/relay/test', 'apps/relay/test'].flatMap((folder) =>
    globSync(new URL(`../../${folder}/**/*.test.ts`, root).pathname),
  );
}

/** The first argument of test, test.each()(), describe and gainsNothing. */
function titlesIn(source: string): string[] {
  return source.match(/\b(?:test|describe|gainsNothing)(?:\.\w+\([^;]*?\))?\(\s*(['"`])[^]*?\1/g) ?? [];
}

function idsIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.match(/RLY-\d+/g) ?? []);
}
