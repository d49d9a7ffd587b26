// Every crash point of each operation; of some, every pair of them.
import { initialize } from '@quicprochat/core-wasm';
import { crash, OPERATIONS, type Crashed, type OperationName } from './crash.ts';

/** The operations of which every pair of crash points is tried: those that happen most. */
const IN_PAIRS: ReadonlySet<string> = new Set<OperationName>(['send', 'update']);

const names = Object.keys(OPERATIONS) as OperationName[];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(names as string[]).includes(name));
if (unknown.length > 0) {
  console.error(`crashes: there is no operation ${unknown.join(', ')}. There are ${names.join(', ')}.`);
  process.exitCode = 2;
} else {
  await initialize();
  for (const name of names) if (wanted.length === 0 || wanted.includes(name)) await tryAll(name);
}

async function tryAll(name: OperationName): Promise<void> {
  const failures: string[] = [];
  const attempt = async (deaths: readonly number[]): Promise<Crashed> => {
    const crashed = await crash(name, deaths);
    for (const violation of crashed.violations) failures.push(`${deaths.join(', then ')}: ${violation}`);
    return crashed;
  };
  const { events: points } = await attempt([]);
  let pairs = 0;
  for (let first = 1; first <= points; first += 1) {
    const { events: later } = await attempt([first]);
    if (!IN_PAIRS.has(name)) continue;
    for (let second = 1; second <= later; second += 1) await attempt([first, second]);
    pairs += later;
  }
  for (const failure of failures) console.log(`  before event ${failure}`);
  const inPairs = IN_PAIRS.has(name) ? `, ${pairs} pairs` : '';
  console.log(`crashes: ${name}: ${points} crash points${inPairs}, ${failures.length} failed`);
  if (failures.length > 0) process.exitCode = 1;
}
