import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../../crates/core/src');

/** The sources of the core without comments, by path. */
function coreSources() {
  const paths = readdirSync(SRC, { recursive: true }).filter((path) => path.endsWith('.rs'));
  const read = (path) => readFileSync(join(SRC, path), 'utf8').replace(/\/\/.*/g, '');
  return new Map(paths.sort().map((path) => [path.replaceAll('\\', '/'), read(path)]));
}

/** The top-level module that a file belongs to: `group` for `group.rs` and for all of `group/`. */
const moduleOf = (path) => path.split('/')[0].replace(/\.rs$/, '');

/** The paths in a tree as `use` takes it: `a::{b, c::{d, e}}` holds `a::b`, `a::c::d` and `a::c::e`. */
function pathsIn(tree) {
  const open = tree.indexOf('{');
  if (open < 0) return [tree];
  const branches = [];
  let [depth, start] = [0, open + 1];
  for (let place = open; place < tree.length; place += 1) {
    if (tree[place] === '{') depth += 1;
    if (tree[place] === '}') depth -= 1;
    const isEnd = tree[place] === ',' ? depth === 1 : tree[place] === '}' && depth === 0;
    if (!isEnd) continue;
    branches.push(tree.slice(start, place));
    start = place + 1;
  }
  const named = branches.filter((branch) => branch !== '');
  return named.flatMap((branch) => pathsIn(branch).map((path) => tree.slice(0, open) + path));
}

/** What a source names from the crate's root, in `use` and elsewhere. */
function rootPaths(source) {
  const imports = [...source.matchAll(/\buse ([^;]+);/g)].map(([, tree]) => tree.replaceAll(/\s/g, ''));
  const rest = source.replaceAll(/\buse [^;]+;/g, '').match(/\b(?:crate|super)(?:::\w+)+/g) ?? [];
  return [...imports.flatMap(pathsIn), ...rest].map((path) =>
    path.replace(/^(crate|super)::(super::)*/, '#'),
  );
}

/** For each top-level module, the others that it uses, also by what `lib.rs` exports of them. */
function dependencies(sources) {
  const modules = new Set([...sources.keys()].map(moduleOf));
  const root = sources.get('lib.rs') ?? '';
  const exported = [...root.matchAll(/\bpub use ([^;]+);/g)]
    .flatMap(([, tree]) => pathsIn(tree.replaceAll(/\s/g, '')))
    .map((path) => [path.split('::').at(-1), moduleOf(path.replaceAll('::', '/'))]);
  const owners = new Map([...exported, ...[...modules].map((name) => [name, name])]);
  const graph = new Map();
  for (const [path, source] of sources) {
    if (path === 'lib.rs') continue;
    const used = graph.get(moduleOf(path)) ?? new Set();
    for (const named of rootPaths(source)) {
      const owner = named.startsWith('#') ? owners.get(named.slice(1).split('::')[0]) : undefined;
      if (owner !== undefined && owner !== moduleOf(path)) used.add(owner);
    }
    graph.set(moduleOf(path), used);
  }
  return graph;
}

/** One cycle for each module that is in one, as `a -> b -> a`. */
function cycles(graph) {
  const wayBack = (from, to, seen = new Set()) => {
    for (const next of graph.get(from) ?? []) {
      if (next === to) return [to];
      if (seen.has(next)) continue;
      seen.add(next);
      const way = wayBack(next, to, seen);
      if (way !== undefined) return [next, ...way];
    }
    return undefined;
  };
  const ways = [...graph.keys()].map((name) => [name, wayBack(name, name)]);
  return ways.flatMap(([name, way]) => (way === undefined ? [] : [[name, ...way].join(' -> ')]));
}

/** The files that add methods or traits to the seat in a group without belonging to it. */
function strayImpls(sources) {
  const impl = /^\s*impl\b[^{;]*?(?:\bfor\s+)?\b(?:\w+::)*GroupMember\s*\{/m;
  return [...sources].flatMap(([path, source]) =>
    moduleOf(path) !== 'group' && impl.test(source) ? [path] : [],
  );
}

describe('the modules of crates/core', () => {
  test('do not depend on each other in a circle', () => {
    const graph = dependencies(coreSources());
    expect([...(graph.get('client') ?? [])]).toContain('group');
    expect(cycles(graph)).toEqual([]);
  });

  test('implement GroupMember nowhere but in group/', () => {
    expect(strayImpls(coreSources())).toEqual([]);
  });

  test.each([
    ['a nested import', 'use crate::{error::{CoreError, Result}, group::{self, GroupId}};'],
    ['a path in the code', 'fn f() { crate::group::load() }'],
    ['what the crate exports', 'use crate::{GroupId};'],
    ['the parent of the parent', 'use super::super::group::GroupId;'],
  ])('show a planted cycle through %s', (_, planted) => {
    const sources = new Map([
      ['lib.rs', 'mod group; mod storage; pub use group::{GroupId, Member};'],
      ['group.rs', 'use crate::storage::Store;'],
      ['storage/kind.rs', planted],
    ]);
    expect(cycles(dependencies(sources))).toEqual([
      'group -> storage -> group',
      'storage -> group -> storage',
    ]);
  });

  test.each([
    'impl GroupMember {',
    'impl std::fmt::Debug for GroupMember {',
    'impl crate::group::GroupMember {',
  ])('show a planted %s', (planted) => {
    expect(strayImpls(new Map([['identity/revocation.rs', `use crate::x;\n\n${planted}\n}`]]))).toEqual([
      'identity/revocation.rs',
    ]);
  });
});
