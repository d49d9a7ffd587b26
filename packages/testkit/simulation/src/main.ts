import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { initialize } from '@quicprochat/core-wasm';
import { linesOf, outcomeLines, tallyLines } from './report.ts';
import { scheduleOf, type Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import { simulate, type Outcome } from './simulate.ts';
import { Tally } from './tally.ts';

const USAGE = `Usage: pnpm sim --seed N [--twice] [--shrink FILE]
       pnpm sim --schedule FILE [--twice] [--shrink FILE]
       pnpm sim [--seeds COUNT] [--from N] [--for TIME] [--twice] [--until-failure]

  --seed N          one seed: shows the hash of its trace, and if it fails, its schedule and what happened last
  --schedule FILE   a schedule from a file, as --shrink writes it
  --shrink FILE     if it fails: takes out whatever it also fails without, and writes what is left to the file
  --seeds COUNT     this many seeds (default 20), beginning with --from (default 1)
  --for TIME        as many seeds as fit into a time: 90s, 10m, 2h
  --until-failure   stops at the first seed that fails
  --twice           runs each schedule twice, and compares the traces`;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 };

/** The most runs that are made to shrink one schedule. */
const MOST_SHRINKING_RUNS = 500;

interface Plan {
  schedules: () => Iterable<Schedule>;
  endMs: number;
  isTwice: boolean;
  isOne: boolean;
  untilFailure: boolean;
  shrinkTo: string | undefined;
}

/** Parses the arguments. Returns undefined for --help. */
async function planOf(args: string[]): Promise<Plan | undefined> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      schedule: { type: 'string' },
      shrink: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      for: { type: 'string' },
      'until-failure': { type: 'boolean', default: false },
      twice: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const isOne = (values.seed ?? values.schedule) !== undefined;
  if (isOne && (values.seeds ?? values.from ?? values.for) !== undefined)
    throw new Error('--seed and --schedule name one run. Leave out --seeds, --from and --for.');
  if (values.seed !== undefined && values.schedule !== undefined)
    throw new Error('Give --seed or --schedule, not both.');
  if (!isOne && values.shrink !== undefined)
    throw new Error('--shrink takes one run. Name it by --seed or --schedule.');
  const unlimited = values.for === undefined ? 20 : Infinity;
  const given = values.schedule === undefined ? undefined : await scheduleIn(values.schedule);
  const from = whole(values.seed ?? values.from ?? '1');
  const count = isOne ? 1 : values.seeds === undefined ? unlimited : whole(values.seeds);
  return {
    schedules: () => (given === undefined ? seeded(from, count) : [given]),
    endMs: values.for === undefined ? Infinity : performance.now() + duration(values.for),
    isTwice: values.twice,
    isOne,
    untilFailure: values['until-failure'],
    shrinkTo: values.shrink,
  };
}

function* seeded(from: number, count: number): Iterable<Schedule> {
  for (let n = 0; n < count; n += 1) yield scheduleOf(from + n);
}

async function scheduleIn(file: string): Promise<Schedule> {
  return JSON.parse(await readFile(file, 'utf8')) as Schedule;
}

function whole(text: string): number {
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Error(`“${text}” is not a whole number from 1 to ${Number.MAX_SAFE_INTEGER}.`);
}

/** Parses a duration such as `10m` into milliseconds. */
function duration(text: string): number {
  const [, number, unit] = /^([1-9]\d*)([smh])$/.exec(text) ?? [];
  if (unit === undefined) throw new Error(`“${text}” is not a time. Write it like 90s, 10m or 2h.`);
  return Number(number) * UNITS[unit as keyof typeof UNITS];
}

async function run(plan: Plan): Promise<void> {
  await initialize();
  const begunMs = performance.now();
  const tally = new Tally();
  let [done, failed, simulatedMs] = [0, 0, 0];
  for (const schedule of plan.schedules()) {
    if (performance.now() >= plan.endMs) break;
    const outcome = await runOnce(schedule, plan);
    done += 1;
    simulatedMs += outcome.simulatedMs;
    tally.addAll(outcome.tally);
    const hasFailed = outcome.violations.length > 0;
    if (hasFailed) failed += 1;
    if (plan.isOne || hasFailed) for (const line of outcomeLines(schedule, outcome)) console.log(line);
    else if (done % 100 === 0) console.log(`sim: ${done} schedules, ${failed} failed so far`);
    if (hasFailed && plan.shrinkTo !== undefined) await shrinkTo(plan.shrinkTo, schedule);
    if (hasFailed && plan.untilFailure) break;
  }
  const seconds = (performance.now() - begunMs) / 1_000;
  for (const line of tallyLines(tally)) console.log(line);
  console.log(
    `sim: ${(done / seconds).toFixed(2)} schedules a second, ${(simulatedMs / UNITS.h).toFixed(1)} simulated hours`,
  );
  console.log(`sim: ${done} schedules${plan.isTwice ? ', each twice' : ''}, ${failed} failed`);
  process.exitCode = failed > 0 || done === 0 ? 1 : 0;
}

async function runOnce(schedule: Schedule, { isTwice }: Plan): Promise<Outcome> {
  const outcome = await simulate(schedule);
  if (!isTwice) return outcome;
  const { hash } = await simulate(schedule);
  if (hash !== outcome.hash) outcome.violations.push(`its trace was ${outcome.hash} and then ${hash}`);
  return outcome;
}

async function shrinkTo(file: string, schedule: Schedule): Promise<void> {
  const fails = async (smaller: Schedule) => (await simulate(smaller)).violations.length > 0;
  const smallest = await shrink(schedule, fails, MOST_SHRINKING_RUNS);
  await writeFile(file, `${JSON.stringify(smallest, undefined, 2)}\n`);
  console.log(`sim: ${smallest.steps.length} of ${schedule.steps.length} steps are left, in ${file}`);
  for (const line of linesOf(smallest)) console.log(`  ${line}`);
}

const plan = await planOrUsage();
if (plan !== undefined) await run(plan);

async function planOrUsage(): Promise<Plan | undefined> {
  try {
    const asked = await planOf(process.argv.slice(2));
    if (asked === undefined) console.log(USAGE);
    return asked;
  } catch (error) {
    console.error(`sim: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}
