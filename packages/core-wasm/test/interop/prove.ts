/**
 * Plays many seeds, or one again: `prove.ts [--seeds 2000] [--from 200]`. Ends with exit code 1 if one fails; the rest is
 * played all the same.
 */
import { parseArgs } from 'node:util';
import { initialize } from '../../src/node.ts';
import { runScript } from './run.ts';
import { writeScript } from './script.ts';
import { sumUp, type Tally } from './tally.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '2000' }, from: { type: 'string', default: '0' } },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const startedAtMs = performance.now();
const tallies: Tally[] = [];
const failed: number[] = [];

await initialize();
for (let seed = from; seed < from + seeds; seed++) {
  try {
    tallies.push(await runScript(writeScript(seed)));
  } catch (error) {
    failed.push(seed);
    console.error(error instanceof Error ? error.message : error);
  }
  if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} of ${seeds}, ${failed.length} failed`);
}
for (const [what, count] of Object.entries(sumUp(tallies))) console.log(`${what.padEnd(20)}${count}`);
const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
console.log(
  `${tallies.length} of ${seeds} seeds held (from ${from}, ${seconds} s); failed: ${failed.join(' ') || 'none'}`,
);
if (failed.length > 0) process.exitCode = 1;
