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
  let message = new Uint8Array();
  const bench = new Bench({ time: TIME_MS, iterations: LEAST_SAMPLES, warmupIterations: 1, warmupTime: 0 });

  bench.add('update, commit', () => void creator.group.selfUpdate(Date.now()), {
    afterEach: () => {
      creator.group.clearPendingCommit();
    },
  });
  bench.add('encrypt 200 B', () => void creator.group.encrypt(plaintext, Date.now()));
  bench.add('decrypt 200 B', () => void joiner.group.process(message, Date.now()), {
    beforeEach: () => {
      message = creator.group.encrypt(plaintext, Date.now()) as Uint8Array<ArrayBuffer>;
    },
  });
  bench.add('process commit', () => void joiner.group.process(message, Date.now()), {
    beforeEach: () => {
      message = creator.group.selfUpdate(Date.now()).commit as Uint8Array<ArrayBuffer>;
    },
    afterEach: () => {
      joiner.group.discardStagedCommit();
      creator.group.clearPendingCommit();
    },
  });
  let guest = newClient('guest');
  let keyPackages = keyPackagesOf([guest], suite);
  bench.add('add one, commit', () => void creator.group.addMembers(keyPackages, Date.now()), {
    beforeEach: () => {
      guest.free();
      guest = newClient('guest');
      keyPackages = keyPackagesOf([guest], suite);
    },
    afterEach: () => {
      creator.group.clearPendingCommit();
    },
  });

  await bench.run();
  const timings = bench.tasks.map(({ name, result }): Timing => {
    if (!('latency' in result)) throw new Error(`${name} was not measured: ${result.state}`);
    const { p50, p75, samplesCount } = result.latency;
    return { name, medianMs: p50, spreadMs: p75 - p50, samples: samplesCount };
  });
  guest.free();
  freeGroup(group);
  return timings;
}
