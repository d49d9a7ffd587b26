import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { initialize, versions } from '@quicprochat/core-wasm';
import { compareSizes } from './compare.ts';
import { measureSizes, type Sizes } from './sizes.ts';
import { measureTimes } from './times.ts';

/**
 * `pnpm bench [--quick] [--update]`: measures the core through WebAssembly, prints a table, writes result.json, and
 * fails where a size has grown past the committed baseline. `--update` writes the baseline anew.
 */
const BASELINE = new URL('../baseline.json', import.meta.url);
const RESULT = new URL('../result.json', import.meta.url);
const SUITES = [0x0001, 0x0003, 0x004f];

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, update: { type: 'boolean' } } });
await initialize();

const ns = values.quick ? [2, 10] : [2, 10, 100, 250];
const sizes: Sizes = {};
const times: Record<string, unknown>[] = [];
for (const suite of SUITES) {
  for (const n of ns) {
    Object.assign(sizes, measureSizes(n, suite));
    for (const timing of await measureTimes(n, suite)) {
      times.push({ suite: `0x${suite.toString(16).padStart(4, '0')}`, n, ...rounded(timing) });
    }
    console.error(`measured suite 0x${suite.toString(16).padStart(4, '0')}, n = ${n}`);
  }
}

console.table(times);
console.table(sizes);
await writeFile(RESULT, `${JSON.stringify({ ...environment(), sizes, times }, undefined, 2)}\n`);

if (values.update) {
  await writeFile(BASELINE, `${JSON.stringify(sizes, undefined, 2)}\n`);
} else {
  const baseline = JSON.parse(await readFile(BASELINE, 'utf8')) as Sizes;
  const grown = compareSizes(sizes, baseline);
  for (const line of grown) console.error(line);
  if (grown.length > 0) process.exitCode = 1;
  else console.log('No size has grown past the baseline.');
}

function rounded<Row extends { medianMs: number; spreadMs: number }>(row: Row): Row {
  return { ...row, medianMs: Number(row.medianMs.toFixed(3)), spreadMs: Number(row.spreadMs.toFixed(3)) };
}

function environment() {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  return { commit, cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, ...versions() };
}
