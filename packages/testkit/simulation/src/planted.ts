// The test of the test: plants each bug of `planted/` and has the simulation look for it. The same seeds must pass without.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { readPlantedBug } from './patch.ts';

const FOLDER = new URL('../planted/', import.meta.url);
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const PLANT = new URL('plant.ts', import.meta.url).href;

/** The longest time that one seed may take, in milliseconds. A bug that makes the client work without end runs into it. */
const MOST_PER_SEED_MS = 120_000;

interface Hunt {
  name: string;
  /** The address of the patch; undefined if there is no bug. */
  file: URL | undefined;
  seeds: number;
}

interface Result extends Hunt {
  /** How many seeds were tried. */
  tried: number;
  /** The first thing that was wrong; undefined if nothing was found. */
  found: string | undefined;
  /** What kept the simulation from running. */
  error: string | undefined;
}

/** Runs the simulation until it finds something. */
function hunt({ name, file, seeds }: Hunt): Promise<Result> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@quicprochat/source',
      '--disable-warning=ExperimentalWarning',
      ...(file === undefined ? [] : [`--import=${PLANT}`]),
      ...[MAIN, '--seeds', String(seeds), '--until-failure'],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: seeds * MOST_PER_SEED_MS,
      env: { ...process.env, ...(file && { QPC_PLANTED: fileURLToPath(file) }) },
    },
  );
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const [, tried, failed] = /^sim: (\d+) schedules, (\d+) failed$/m.exec(output) ?? [];
      const hasRun = failed !== undefined && code === Number(failed !== '0');
      resolve({
        name,
        file,
        seeds,
        tried: Number(tried ?? 0),
        found: failed === '1' ? firstViolation(output) : undefined,
        error: hasRun ? undefined : errors.trim() || `it ended with ${code ?? 'a signal'}`,
      });
    });
  });
}

/** The line after that of the seed, which stands after its schedule. */
function firstViolation(output: string): string {
  const lines = output.split('\n');
  return (lines[lines.findIndex((line) => /^seed \d+: /.test(line)) + 1] ?? '').trim();
}

/** Runs as many hunts at a time as there are processors. */
async function huntAll(hunts: readonly Hunt[], onResult: (result: Result) => void): Promise<void> {
  const queue = hunts.values();
  const work = async () => {
    for (const next of queue) onResult(await hunt(next));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

function report({ name, file, seeds, tried, found, error }: Result): boolean {
  const isAsExpected = error === undefined && (found !== undefined) === (file !== undefined);
  const what =
    error ?? (found === undefined ? `nothing in ${tried} seeds` : `seed ${tried} of ${seeds}: ${found}`);
  console.log(`planted: ${isAsExpected ? '' : 'FAILED '}${name}: ${what}`);
  return isAsExpected;
}

const wanted = process.argv.slice(2);
const bugs: Hunt[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.patch'))
  .map((file) => ({ name: file.slice(0, -'.patch'.length), file: new URL(file, FOLDER) }))
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  .map((bug) => ({ ...bug, seeds: readPlantedBug(bug.file).seeds }));
const unknown = wanted.filter((name) => !bugs.some((bug) => bug.name === name));
if (unknown.length > 0) {
  console.error(`planted: there is no ${unknown.join(', ')} in planted/`);
  process.exitCode = 2;
} else {
  const mostSeeds = Math.max(...bugs.map(({ seeds }) => seeds));
  const sound: Hunt = { name: 'no bug', file: undefined, seeds: mostSeeds };
  let failed = 0;
  await huntAll([sound, ...bugs], (result) => {
    if (!report(result)) failed += 1;
  });
  console.log(`planted: ${bugs.length} bugs, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
