import { type Scenario, STORIES, type Story, type Tree, TREES } from './scenario.ts';

export const CONTENDERS = ['openmls', 'native', 'wasm', 'ts-mls', 'chromium', 'core-crypto'] as const;

/**
 * openmls: openmls native with its default provider, one thread. native, wasm, chromium: our core native, through
 * WebAssembly in Node, and in a browser. ts-mls in Node; core-crypto: Wire's, in the browser.
 */
export type Contender = (typeof CONTENDERS)[number];

/** One row of the matrix: a scenario, and who plays which stories in it. */
export interface Run extends Scenario {
  contenders: readonly Contender[];
  stories: readonly Story[];
}

const NATIVE_AND_WASM = ['openmls', 'native', 'wasm'] as const;
const ALL_IN_NODE = [...NATIVE_AND_WASM, 'ts-mls'] as const;
const BROWSER = ['chromium', 'core-crypto'] as const;
const SUITES = [0x0003, 0x0001, 0x004f];
/** The hybrids of X25519 and ML-KEM-768: with AES-128 and SHA-256, and with AES-256 and SHA-384. */
const HYBRIDS = [0x004f, 0x004e];

/** What a tree's shape has no bearing on is measured in bare ones only. */
const SHAPED: readonly Story[] = ['update', 'guest', 'message', 'load'];

/** ts-mls has no hybrids with these numbers; its largest trees take minutes, so bare ones only. */
const run = (suite: number, n: number, tree: Tree, contenders: readonly Contender[]): Run => ({
  suite,
  n,
  tree,
  contenders: contenders.filter((contender) => !HYBRIDS.includes(suite) || contender !== 'ts-mls'),
  stories: tree === 'bare' ? STORIES : SHAPED,
});

/** `pnpm bench core`: every size and suite in bare trees; the other shapes where their difference shows. */
export function fullMatrix(): Run[] {
  return [
    ...[1_000, 250, 100, 10, 2].flatMap((n) => SUITES.map((suite) => run(suite, n, 'bare', ALL_IN_NODE))),
    ...[1_000, 100, 10].flatMap((n) => [
      run(0x0003, n, 'full', NATIVE_AND_WASM),
      run(0x0003, n, 'half-blank', NATIVE_AND_WASM),
    ]),
    run(0x004f, 100, 'full', NATIVE_AND_WASM),
    ...[1_000, 100].map((n) => run(0x004e, n, 'bare', NATIVE_AND_WASM)),
    ...[0x0001, 0x0003].map((suite) => run(suite, 250, 'bare', BROWSER)),
  ];
}

/** `--quick`: enough to see that everything runs; needs no Rust. */
export function quickMatrix(): Run[] {
  return [
    ...SUITES.map((suite) => run(suite, 10, 'bare', ['wasm', 'ts-mls'])),
    run(0x0003, 10, 'full', ['wasm', 'ts-mls']),
    run(0x004f, 10, 'full', ['wasm']),
    run(0x0003, 10, 'half-blank', ['wasm', 'ts-mls']),
    run(0x0003, 100, 'bare', ['wasm', 'ts-mls']),
    run(0x0001, 10, 'bare', BROWSER),
  ];
}

/**
 * `--only suite=3,n=100|1000,tree=full,story=update`: any combination, also ones that the full matrix leaves out. The
 * suite may be written as 3, 0x0003 or 4f. Without a tree it is the bare one, which is built fastest.
 *
 * @throws RangeError naming what is not understood
 */
export function chosenMatrix(only: string, contenders: readonly Contender[]): Run[] {
  const wanted = parseOnly(only);
  const list = (name: string, otherwise: readonly string[]) => wanted.get(name) ?? otherwise;
  const trees = list('tree', ['bare']).map((tree) => oneOf(TREES, tree));
  const stories = wanted.get('story')?.map((story) => oneOf(STORIES, story));
  return list('suite', ['0003']).flatMap((suite) =>
    list('n', ['1000']).flatMap((n) =>
      trees.map((tree) => {
        const row = run(parseSuite(suite), parseN(n), tree, contenders);
        return stories === undefined ? row : { ...row, stories };
      }),
    ),
  );
}

export function parseContenders(text: string): Contender[] {
  return text.split(',').map((name) => oneOf(CONTENDERS, name));
}

function parseOnly(only: string): Map<string, string[]> {
  return new Map(
    only.split(',').map((part) => {
      const [name, values] = part.split('=');
      return [oneOf(['suite', 'n', 'tree', 'story'], name), (values ?? '').split('|')];
    }),
  );
}

function parseSuite(text: string): number {
  const suite = Number.parseInt(text.replace(/^0x/i, ''), 16);
  if (![...SUITES, ...HYBRIDS].includes(suite)) throw new RangeError(`no suite ${text}: one of 1, 3, 4e, 4f`);
  return suite;
}

function parseN(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 2) throw new RangeError(`no group has ${text} members: at least 2`);
  return n;
}

function oneOf<const T extends string>(names: readonly T[], name: string | undefined): T {
  const found = names.find((candidate) => candidate === name);
  if (found === undefined) throw new RangeError(`${name ?? ''} is none of ${names.join(', ')}`);
  return found;
}
