import { parseArgs } from 'node:util';
import { initialize } from '@quicprochat/core-wasm';
import { simulate, type Clones, type Outcome } from './simulate.ts';

const USAGE = `Usage: pnpm sim --seed N [--twice]
       pnpm sim [--seeds COUNT] [--from N] [--for TIME] [--twice]

  --seed N       one seed: shows the hash of its trace, and if it fails, what happened last
  --seeds COUNT  this many seeds (default 20), beginning with --from (default 1)
  --for TIME     as many seeds as fit into a time: 90s, 10m, 2h
  --twice        runs each seed twice, and compares the traces`;

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };

interface Plan {
  from: number;
  count: number;
  endMs: number;
  isTwice: boolean;
  isOne: boolean;
}

/** Parses the arguments. Returns undefined for --help. */
function planOf(args: string[]): Plan | undefined {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      for: { type: 'string' },
      twice: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const isOne = values.seed !== undefined;
  if (isOne && (values.seeds ?? values.from ?? values.for) !== undefined)
    throw new Error('--seed names one run. Leave out --seeds, --from and --for.');
  const unlimited = values.for === undefined ? 20 : Infinity;
  return {
    from: whole(values.seed ?? values.from ?? '1'),
    count: isOne ? 1 : values.seeds === undefined ? unlimited : whole(values.seeds),
    endMs: values.for === undefined ? Infinity : performance.now() + duration(values.for),
    isTwice: values.twice,
    isOne,
  };
}

function whole(text: string): number {
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Error(`“${text}” is not a whole number from 1 to ${Number.MAX_SAFE_INTEGER}.`);
}

/** Parses a duration such as `10m` into milliseconds. */
function duration(text: string): number {
  const [, number = '', unit = ''] = /^([1-9]\d*)([smh])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? NaN);
  if (Number.isNaN(ms)) throw new Error(`“${text}” is not a time. Write it like 90s, 10m or 2h.`);
  return ms;
}

async function run(plan: Plan): Promise<void> {
  await initialize();
  let [done, failed] = [0, 0];
  const clones: Clones = { made: 0, stuck: 0, unopened: 0 };
  for (let n = 0; n < plan.count && performance.now() < plan.endMs; n += 1) {
    const outcome = await simulate(plan.from + n);
    if (plan.isTwice) await compare(outcome);
    done += 1;
    for (const what of Object.keys(clones) as (keyof Clones)[]) clones[what] += outcome.clones[what];
    if (outcome.violations.length > 0) failed += 1;
    if (plan.isOne || outcome.violations.length > 0) show(outcome);
    else if (done % 100 === 0) console.log(`sim: ${done} seeds, ${failed} failed so far`);
  }
  console.log(
    `sim: ${clones.made} clones of devices; ${clones.stuck} conversations had to be joined anew, and ${clones.unopened} messages could not be opened`,
  );
  console.log(`sim: ${done} seeds${plan.isTwice ? ', each twice' : ''}, ${failed} failed`);
  process.exitCode = failed > 0 || done === 0 ? 1 : 0;
}

async function compare(outcome: Outcome): Promise<void> {
  const { hash } = await simulate(outcome.seed);
  if (hash !== outcome.hash) outcome.violations.push(`its trace was ${outcome.hash} and then ${hash}`);
}

function show({ seed, hash, length, violations, tail }: Outcome): void {
  if (violations.length > 0) for (const line of tail) console.log(`  ${line}`);
  console.log(`seed ${seed}: trace ${hash}, ${length} steps`);
  for (const violation of violations) console.log(`  ${violation}`);
}

const plan = planOrUsage();
if (plan !== undefined) await run(plan);

function planOrUsage(): Plan | undefined {
  try {
    const asked = planOf(process.argv.slice(2));
    if (asked === undefined) console.log(USAGE);
    return asked;
  } catch (error) {
    console.error(`sim: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}
