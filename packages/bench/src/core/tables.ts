import { table } from '../table.ts';
import { CONTENDERS, type Contender } from './matrix.ts';
import type { Results, Size, Timing } from './results.ts';
import { OPERATIONS, type Scenario, suiteName } from './scenario.ts';
import { verdicts } from './targets.ts';

/** What each contender is called in the tables. */
export const NAMES: Record<Contender, string> = {
  openmls: 'openmls, native',
  native: 'ours, native',
  wasm: 'ours, wasm in Node',
  'ts-mls': 'ts-mls',
  chromium: 'ours, Chromium',
  'core-crypto': 'core-crypto, Chromium',
};

/** Everything, as markdown. */
export function report(results: Results): string {
  return [
    environmentLines(results),
    '## Targets',
    targetTable(results),
    '## Times',
    'Median milliseconds, ± half the distance between the quartiles, and the number of samples.',
    timeTables(results),
    '## Bytes',
    sizeTables(results),
    ...(results.missing.length === 0
      ? []
      : ['## Not measured', results.missing.map((line) => `- ${line}`).join('\n')]),
  ].join('\n\n');
}

export function environmentLines({ environment, wasm }: Results): string {
  const { commit, changed, date, cpu, cores, versions } = environment;
  const parts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${date}, at commit ${commit.slice(0, 12)}${changed ? ' with changes' : ''}: ${cpu}, ${cores} cores; ${parts.join(', ')}.`,
    `The wasm has ${kB(wasm.raw)}, ${kB(wasm.gzip)} after gzip.`,
  ].join('\n');
}

/** What must be shown. A run of a part leaves out the lines that it cannot tell. */
export function targetTable(results: Results, lines = verdicts(results)): string {
  const rows = lines.map(({ what, target, reached, isMet }) => [
    what,
    target,
    reached,
    isMet === undefined ? 'not measured' : isMet ? 'yes' : '**no**',
  ]);
  return table(['what must be shown', 'target', 'reached', 'met'], rows);
}

export function timeTables({ timings }: Results): string {
  return scenariosOf(timings)
    .map((scenario) => {
      const here = timings.filter((row) => isIn(row, scenario));
      const contenders = CONTENDERS.filter((contender) => here.some((row) => row.contender === contender));
      const rows = OPERATIONS.filter((operation) => here.some((row) => row.operation === operation)).map(
        (operation) => [
          operation,
          ...contenders.map((contender) =>
            cell(here.find((row) => row.operation === operation && row.contender === contender)),
          ),
        ],
      );
      return `### ${titleOf(scenario)}\n\n${table(['', ...contenders.map((contender) => NAMES[contender])], rows)}`;
    })
    .join('\n\n');
}

export function sizeTables({ sizes }: Results): string {
  return scenariosOf(sizes)
    .map((scenario) => {
      const here = sizes.filter((row) => isIn(row, scenario));
      const contenders = CONTENDERS.filter((contender) => here.some((row) => row.contender === contender));
      const whats = [...new Set(here.map(({ what }) => what))].sort();
      const rows = whats.map((what) => [
        what,
        ...contenders.map((contender) => {
          const found = here.find((row) => row.what === what && row.contender === contender);
          return found === undefined ? '' : String(found.bytes);
        }),
      ]);
      return `### ${titleOf(scenario)}: bytes\n\n${table(['', ...contenders.map((contender) => NAMES[contender])], rows)}`;
    })
    .join('\n\n');
}

export const kB = (bytes: number): string =>
  `${Number((bytes / 1_000).toPrecision(4)).toLocaleString('en')} kB`;

function cell(row: Timing | undefined): string {
  if (row === undefined) return '';
  return `${row.median} ± ${Number((row.spread / 2).toPrecision(2))} (${row.samples})`;
}

function titleOf({ suite, n, tree }: Scenario): string {
  return `${suiteName(suite)}, n = ${n.toLocaleString('en')}, ${tree} tree`;
}

function scenariosOf(rows: readonly (Timing | Size)[]): Scenario[] {
  const seen = new Map(rows.map((row) => [titleOf(row), row]));
  const order = (tree: Scenario['tree']) => ['bare', 'half-blank', 'full'].indexOf(tree);
  return [...seen.values()].sort((a, b) => a.suite - b.suite || order(a.tree) - order(b.tree) || a.n - b.n);
}

const isIn = (row: Scenario, scenario: Scenario): boolean =>
  row.suite === scenario.suite && row.n === scenario.n && row.tree === scenario.tree;
