import { startPeer, type Ground } from './contenders.ts';
import type { Peer } from './peer.ts';
import type { Contender, Run } from './matrix.ts';
import type { Results, Size, Timing } from './results.ts';
import { OPERATIONS, type Observation, type Operation, type Story, suiteName } from './scenario.ts';
import { rounded, summarize } from './statistics.ts';

/** How long to go on: a story of a contender ends when it has had its time or its most samples, at the least its least. */
export interface Patience {
  storyMs: number;
  least: number;
  most: number;
}

/** Too fast for single samples: one sample is the mean of so many. */
const REPEAT: Partial<Record<Story, number>> = { message: 20, 'key package': 10 };

const PEAK = 'peak memory';

interface Player {
  contender: Contender;
  peer: Peer;
  samples: Map<Operation, number[]>;
  bytes: Map<string, number>;
  played: Map<Story, { ms: number; times: number }>;
}

/**
 * Measures one row of the matrix: every contender in a fresh process builds its group, then they take turns, story by
 * story and sample by sample, so that what else the machine does hits all alike.
 */
export async function measure(
  run: Run,
  ground: Ground,
  patience: Patience,
): Promise<Omit<Results, 'environment' | 'wasm'>> {
  const missing: string[] = [];
  const players: Player[] = [];
  const giveUp = (player: Player, error: unknown) => {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    missing.push(`${suiteName(run.suite)}, n = ${run.n}, ${run.tree}, ${player.contender}: ${reason ?? ''}`);
    players.splice(players.indexOf(player), 1);
  };
  for (const contender of run.contenders) {
    const peer = await startPeer(contender, ground);
    const player: Player = { contender, peer, samples: new Map(), bytes: new Map(), played: new Map() };
    players.push(player);
    const { suite, n, tree } = run;
    try {
      note(player, await peer.ask({ do: 'prepare', suite, n, tree }));
    } catch (error) {
      giveUp(player, error);
    }
  }
  const all = [...players];
  try {
    let isGoing = true;
    while (isGoing) {
      isGoing = false;
      for (const story of run.stories) {
        for (const player of [...players]) {
          if (isDone(player, story, patience)) continue;
          isGoing = true;
          await play(player, story).catch((error: unknown) => giveUp(player, error));
        }
      }
    }
  } finally {
    for (const { peer } of all) await peer.close();
  }
  return { ...collect(run, all), missing };
}

function isDone(player: Player, story: Story, patience: Patience): boolean {
  const { ms, times } = player.played.get(story) ?? { ms: 0, times: 0 };
  if (times >= patience.most) return true;
  return times >= patience.least && ms >= patience.storyMs;
}

async function play(player: Player, story: Story): Promise<void> {
  const before = player.played.get(story) ?? { ms: 0, times: 0 };
  const start = performance.now();
  const observation = await player.peer.ask({ do: 'story', story, repeat: REPEAT[story] ?? 1 });
  const ms = performance.now() - start;
  // The first time warms up: compilers, caches, allocators. It counts only where there is time for few.
  const isWarmUp = before.times === 0 && ms < 1_000;
  player.played.set(story, isWarmUp ? { ms: 0, times: 1 } : { ms: before.ms + ms, times: before.times + 1 });
  note(player, isWarmUp ? { ...observation, ms: {} } : observation);
}

function note(player: Player, { ms, bytes }: Observation): void {
  for (const operation of OPERATIONS) {
    const samples = ms[operation];
    if (samples !== undefined)
      player.samples.set(operation, [...(player.samples.get(operation) ?? []), ...samples]);
  }
  for (const [what, size] of Object.entries(bytes)) {
    // The first, so that it does not depend on how many samples there was time for; the peak is the latest.
    if (what === PEAK || !player.bytes.has(what)) player.bytes.set(what, size);
  }
}

function collect(run: Run, players: readonly Player[]): { timings: Timing[]; sizes: Size[] } {
  const { suite, n, tree } = run;
  const timings = players.flatMap(({ contender, samples }) =>
    [...samples].map(([operation, values]): Timing => {
      const summary = summarize(values);
      const { median, spread, least } = summary;
      return {
        suite,
        n,
        tree,
        contender,
        operation,
        samples: summary.samples,
        median: rounded(median),
        spread: rounded(spread),
        least: rounded(least),
      };
    }),
  );
  const sizes = players.flatMap(({ contender, bytes }) =>
    [...bytes].map(([what, size]): Size => ({ suite, n, tree, contender, what, bytes: size })),
  );
  return { timings, sizes };
}
