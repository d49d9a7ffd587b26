import { table } from '../table.ts';
import { HELD } from './gate.ts';
import type { CountRow, Results, Row } from './results.ts';

/** Everything, as markdown. */
export function report(results: Results): string {
  return [
    environmentLines(results),
    '## Times and sizes',
    'The median, and in brackets the least and the most.',
    figureTable(results),
    '## Counts per operation',
    countTable(results),
    '## Calls to the relay and the worker',
    callList(results),
    ...results.missing.map((line) => `Not measured: ${line}`),
  ].join('\n\n');
}

export function environmentLines({ environment }: Results): string {
  const { commit, changed, date, cpu, cores, versions, loadBefore, fsyncsPerSecond, against } = environment;
  const parts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${date}, at commit ${commit.slice(0, 12)}${changed ? ' with changes' : ''}: ${cpu}, ${cores} cores that clients and relay share; ${parts.join(', ')}.`,
    `The disk takes ${fsyncsPerSecond.toLocaleString('en')} single writes a second for good. Load average before the run: ${loadBefore}.`,
    ...(against === undefined
      ? []
      : [`Beside commit ${against.slice(0, 12)}, each with its own relay, in turn.`]),
  ].join('\n');
}

function figureTable({ figures }: Results): string {
  const contenders = contendersOf(figures);
  const head = ['', '', ...contenders, ...(contenders.length > 1 ? ['ratio'] : [])];
  const rows = namesOf(figures).flatMap(({ what, figure }, i, all) => {
    const cells = contenders.map((contender) =>
      figures.find((row) => row.contender === contender && row.what === what && row.figure === figure),
    );
    const isFirst = all[i - 1]?.what !== what;
    return [[isFirst ? what : '', figure, ...cells.map(cell), ...ratioOf(cells)]];
  });
  return table(head, rows);
}

function countTable({ counts }: Results): string {
  const rows = counts.flatMap(({ contender, what, counts: found }) => {
    const of = (whose: string) => HELD.map((name) => countCell(found, whose, name));
    const people = [...new Set(Object.keys(found).flatMap((name) => /^\S+’s /.exec(name) ?? []))];
    const named = contendersOf(counts).length > 1 ? `${what}, ${contender}` : what;
    if (people.length === 0) return [[named, ...of('')]];
    return people.map((whose) => [`${named}, ${whose.replace(/’s $/, '')}`, ...of(whose)]);
  });
  return table(['', ...HELD], rows);
}

/** A browser does not tell the bytes on the wire: they are unknown, and not 0, if calls were made. */
function countCell(counts: Readonly<Record<string, number>>, whose: string, name: string): string {
  const count = counts[`${whose}${name}`];
  const isUnknown = name === 'bytes sent' || name === 'bytes received';
  if (count === undefined && isUnknown && counts[`${whose}relay calls`] !== undefined) return '–';
  return shown(count ?? 0);
}

/** A list: in a table, the longest line would set the width of all. */
function callList({ counts }: Results): string {
  const isOne = contendersOf(counts).length === 1;
  return counts
    .map(({ contender, what, counts: found }) => {
      const all = [calls(found, 'relay call '), calls(found, 'worker call ')].filter((text) => text !== '');
      return `- **${isOne ? what : `${what}, ${contender}`}**: ${all.join('; ')}`;
    })
    .join('\n');
}

function calls(counts: Readonly<Record<string, number>>, kind: string): string {
  return Object.entries(counts)
    .filter(([name, count]) => name.includes(kind) && count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name.replace(kind, '')} ${shown(count)}`)
    .join(', ');
}

function contendersOf(rows: readonly (Row | CountRow)[]): string[] {
  return [...new Set(rows.map(({ contender }) => contender))];
}

function namesOf(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [`${row.what}\n${row.figure}`, row])).values()];
}

function cell(row: Row | undefined): string {
  if (row === undefined) return '';
  const range = row.samples === 1 ? '' : ` (${shown(row.least)}–${shown(row.most)})`;
  return `${shown(row.median)}${range}`;
}

function ratioOf([ours, other]: readonly (Row | undefined)[]): string[] {
  if (ours === undefined || other === undefined || other.median === 0) return [''];
  return [(ours.median / other.median).toFixed(2)];
}

/** At most three digits that say something, and no fractions of large numbers. */
function shown(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}
