import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { chromiumMissing } from '@quicprochat/testkit';
import { compareSizes, sizesOf, type Sizes } from '../compare.ts';
import { startBrowser, type Browser } from './browser.ts';
import { environment } from './environment.ts';
import {
  chosenMatrix,
  type Contender,
  fullMatrix,
  parseContenders,
  quickMatrix,
  type Run,
} from './matrix.ts';
import { measure, type Patience } from './measure.ts';
import { buildNative } from './native.ts';
import { publish } from './publish.ts';
import type { Results } from './results.ts';
import { suiteName } from './scenario.ts';
import { environmentLines, report, sizeTables, targetTable, timeTables } from './tables.ts';
import { verdicts } from './targets.ts';

export interface Options {
  quick?: boolean | undefined;
  only?: string | undefined;
  contenders?: string | undefined;
  update?: boolean | undefined;
  publish?: boolean | undefined;
}

const BASELINE = new URL('../../baseline.json', import.meta.url);
const WASM = new URL('../../../core-wasm/artefact/quicprochat_wasm_bg.wasm', import.meta.url);
const PATIENCE: Patience = { storyMs: 700, least: 3, most: 31 };
const QUICK: Patience = { storyMs: 50, least: 2, most: 5 };

export async function benchCore(options: Options): Promise<void> {
  const runs = chooseRuns(options);
  const needs = (...names: Contender[]) =>
    runs.some((run) => run.contenders.some((one) => names.includes(one)));
  const program = needs('openmls', 'native') ? buildNative() : undefined;
  const browser = needs('chromium', 'core-crypto') ? await startBrowser() : undefined;
  const results = await runAll(runs, { program, browser }, options.quick === true ? QUICK : PATIENCE).finally(
    () => browser?.close(),
  );
  const isWhole = options.quick !== true && options.only === undefined && options.contenders === undefined;
  if (!isWhole) results.missing.push('everything else: this was a run of a part, asked for by hand');
  if (isWhole || options.publish === true) await publish(results);
  print(results, isWhole);
  await holdSizes(results, options);
}

function chooseRuns({ quick, only, contenders }: Options): Run[] {
  const chosen = contenders === undefined ? undefined : parseContenders(contenders);
  const all = only === undefined ? (quick === true ? quickMatrix() : fullMatrix()) : undefined;
  const runs = all ?? chosenMatrix(only ?? '', chosen ?? ['openmls', 'native', 'wasm', 'ts-mls']);
  return runs.flatMap((run) => {
    const here = run.contenders.filter((contender) => {
      const isWanted = chosen === undefined || chosen.includes(contender);
      return (
        isWanted &&
        (chromiumMissing === undefined || (contender !== 'chromium' && contender !== 'core-crypto'))
      );
    });
    return here.length === 0 ? [] : [{ ...run, contenders: here }];
  });
}

async function runAll(
  runs: readonly Run[],
  ground: { program: string | undefined; browser: Browser | undefined },
  patience: Patience,
): Promise<Results> {
  const results: Results = {
    environment: environment(ground.browser?.version),
    timings: [],
    sizes: [],
    wasm: await wasmSize(),
    missing: chromiumMissing === undefined ? [] : ['Chromium is not there: CHROMIUM_PATH names it'],
  };
  for (const [i, run] of runs.entries()) {
    const start = performance.now();
    const { timings, sizes, missing } = await measure(run, ground, patience);
    results.timings.push(...timings);
    results.sizes.push(...sizes);
    results.missing.push(...missing);
    const seconds = ((performance.now() - start) / 1_000).toFixed(0);
    console.error(
      `${i + 1}/${runs.length} ${suiteName(run.suite)}, n = ${run.n}, ${run.tree}: ${run.contenders.join(', ')} in ${seconds} s`,
    );
  }
  return results;
}

async function wasmSize(): Promise<Results['wasm']> {
  const wasm = await readFile(WASM);
  return { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length };
}

function print(results: Results, isWhole: boolean): void {
  if (isWhole) console.log(report(results));
  else {
    const told = verdicts(results).filter(({ isMet }) => isMet !== undefined);
    const parts = [
      environmentLines(results),
      timeTables(results),
      sizeTables(results),
      targetTable(results, told),
    ];
    console.log(parts.join('\n\n'));
    for (const line of results.missing) console.log(`not measured: ${line}`);
  }
}

async function holdSizes(results: Results, { only, update }: Options): Promise<void> {
  const baseline = JSON.parse(await readFile(BASELINE, 'utf8')) as Sizes;
  const all = sizesOf(results);
  // A choice of one's own may well be of what nobody has measured before.
  const known = Object.entries(all).filter(([name]) => name in baseline);
  const sizes: Sizes = only === undefined || update === true ? all : Object.fromEntries(known);
  if (update === true) {
    const merged = Object.fromEntries(
      Object.entries({ ...baseline, ...sizes }).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    await writeFile(BASELINE, `${JSON.stringify(merged, undefined, 2)}\n`);
    return;
  }
  const grown = compareSizes(sizes, baseline);
  for (const line of grown) console.error(line);
  if (grown.length > 0) process.exitCode = 1;
  else console.log('\nNo size has grown past the baseline.');
}
