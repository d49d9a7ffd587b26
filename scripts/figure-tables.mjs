// The tables of sizes and times in docs/src/concepts, made from what the benchmark measured: the committed baseline of sizes,
// and the committed run of times. check-docs.mjs compares the pages with them, and writes them when asked to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const BASELINE = 'packages/bench/baseline.json';
const RUN = 'packages/bench/results/core.json';

const COST = 'docs/src/concepts/cost.md';
const POST_QUANTUM = 'docs/src/concepts/post-quantum.md';

const MEMBERS = [2, 10, 100, 250, 1_000];
const SUITES = ['0x0003', '0x004F', '0x004E'];

/** The generated parts: their page, the name in their markers, their source, and the table as markdown. */
export function figureTables(root) {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const sizes = sizesOf(read(BASELINE));
  const times = timesOf(read(RUN));
  return [
    { page: COST, name: 'figures-members', source: BASELINE, text: sizesByMembers(sizes) },
    { page: POST_QUANTUM, name: 'figures-suites', source: BASELINE, text: sizesBySuite(sizes) },
    { page: POST_QUANTUM, name: 'figures-suite-times', source: RUN, text: timesBySuite(times) },
  ];
}

function sizesByMembers(sizes) {
  const suites = ['0x0003', '0x004F'];
  const row = (what, measure) =>
    suites.map((suite) => [`${what}, suite ${suite}`, ...MEMBERS.map((n) => inBytes(measure(suite, n)))]);
  return table(
    ['what', ...MEMBERS.map((n) => `${grouped(n)} members`)],
    [
      ...row('update', sizes.update),
      ...row('commit that adds all others', sizes.bulkAdd),
      ...row('Welcome, shared part', sizes.sharedWelcome),
      ...row('Welcome, part for each', sizes.joinerWelcome),
      ['message of 200 B, any suite', ...MEMBERS.map((n) => inBytes(sizes.message('0x0003', n)))],
    ],
  );
}

function sizesBySuite(sizes) {
  const row = (what, measure) => [what, ...SUITES.map((suite) => inBytes(measure(suite)))];
  return table(
    ['', ...SUITES],
    [
      row('key package', (suite) => sizes.keyPackage(suite, 100)),
      row('Welcome, part for each', (suite) => sizes.joinerWelcome(suite, 100)),
      ...MEMBERS.map((n) =>
        row(`update in a group of ${grouped(n)}, bare tree`, (suite) => sizes.update(suite, n)),
      ),
      row('message of 200 B', (suite) => sizes.message(suite, 100)),
    ],
  );
}

function timesBySuite(medianOf) {
  const rows = [
    ['adding all others at once', 'bulk add'],
    ['joining, everyone new', 'join'],
    ['an update', 'commit'],
    ['processing it', 'process commit'],
  ].flatMap(([what, operation]) =>
    [100, 1_000].map((n) => [
      what,
      grouped(n),
      ...SUITES.map((suite) => inMilliseconds(medianOf(suite, n, operation))),
    ]),
  );
  return table(['', 'members', ...SUITES], rows);
}

/** Sizes on bare trees by suite and members; undefined where the baseline has none. */
function sizesOf(baseline) {
  const at = (what) => (suite, n) => baseline[`0x${suite.slice(2).toLowerCase()}/${n}/bare/${what}`];
  const one = at('bulk add, welcome for one');
  const all = at('bulk add, welcome on the relay');
  // The relay stores the shared part once and a part for each of n - 1 joiners; one joiner downloads the shared part and its own.
  const joinerWelcome = (suite, n) => {
    const measured = [n, 100].find((members) => members > 2 && all(suite, members) !== undefined);
    if (measured === undefined || one(suite, n) === undefined) return undefined;
    return (all(suite, measured) - one(suite, measured)) / (measured - 2);
  };
  return {
    update: at('commit'),
    bulkAdd: at('bulk add, commit'),
    keyPackage: at('key package'),
    message: at('message of 200 B'),
    joinerWelcome,
    sharedWelcome: (suite, n) => one(suite, n) - joinerWelcome(suite, n),
  };
}

/** Medians of the artefact in Node, on bare trees. */
function timesOf({ timings }) {
  return (suite, n, operation) =>
    timings.find(
      (row) =>
        row.suite === Number(suite) &&
        row.n === n &&
        row.tree === 'bare' &&
        row.contender === 'wasm' &&
        row.operation === operation,
    )?.median;
}

function inBytes(bytes) {
  if (bytes === undefined) return '-';
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  if (bytes < 10_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function inMilliseconds(median) {
  if (median === undefined) return '-';
  return `${median < 10 ? median.toFixed(1) : Math.round(median)} ms`;
}

function grouped(n) {
  return n.toLocaleString('en-US');
}

/** A table whose figures are aligned to the right. Throws if it has none, which means that the form of a source has changed. */
function table(titles, rows) {
  if (!rows.some((row) => row.slice(1).some((cell) => /\d (B|kB|MB|ms)$/.test(cell))))
    throw new Error(
      'figure-tables.mjs found no figures. Check whether the format of a source file has changed.',
    );
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(titles),
    line(titles.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}
