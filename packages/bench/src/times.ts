import { Bench } from 'tinybench';
import { buildGroup, freeGroup, keyPackagesOf, newClient } from './group.ts';

/** Milliseconds: the median of so many samples, and how far the middle half of them spreads. */
export interface Timing {
  name: string;
  medianMs: number;
  spreadMs: number;
  samples: number;
}

/** Long enough for a median; the slow operations at large n get their least number of samples. */
const TIME_MS = 300;
const LEAST_SAMPLES = 5;

/** Times the operations of one group size in one suite. Reported, never gated: machines are noisy. */
export async function measureTimes(n: number, suite: number): Promise<Timing[]> {
  const group = buildGroup(n, suite);
  const { creator, joiner } = group;
  const plaintext = new Uint8Array(200);
  const bench = new Bench({ time: TIME_MS, iterations: LEAST_SAMPLES, warmupIterations: 1, warmupTime: 0 });

  // What an operation stages is dropped inside the measured function: tinybench runs no hooks while it warms up.
  bench.add('update, commit', () => {
    creator.group.selfUpdate(Date.now());
    creator.group.clearPendingCommit();
  });
  const message = () => creator.group.encrypt(plaintext, Date.now());
  bench.add('encrypt and decrypt 200 B', () => void joiner.group.process(message(), Date.now()));
  // After the one before: nobody reads these, and a reader accepts a gap of 1,000 at the most.
  bench.add('encrypt 200 B', () => void creator.group.encrypt(plaintext, Date.now()));
  const { commit } = creator.group.selfUpdate(Date.now());
  creator.group.clearPendingCommit();
  bench.add('process commit', () => {
    joiner.group.process(commit, Date.now());
    joiner.group.discardStagedCommit();
  });
  const guest = newClient('guest');
  const keyPackages = keyPackagesOf([guest], suite);
  bench.add('add one, commit', () => {
    creator.group.addMembers(keyPackages, Date.now());
    creator.group.clearPendingCommit();
  });

  await bench.run();
  const timings = bench.tasks.map(({ name, result }): Timing => {
    if (!('latency' in result)) {
      const cause = 'error' in result ? result.error : undefined;
      throw new Error(`${name} was not measured: ${result.state}`, { cause });
    }
    const { p50, p75, samplesCount } = result.latency;
    return { name, medianMs: p50, spreadMs: p75 - p50, samples: samplesCount };
  });
  guest.free();
  freeGroup(group);
  return timings;
}
