import type { Contender } from './contender.ts';
import type { Plan } from './plan.ts';
import type { Observation, Scenario, Step } from './step.ts';
import { World, type Place } from './world.ts';

export interface Played extends Observation {
  contender: string;
}

/** Plays a scenario: every contender prepares its own world, then they take turns, step by step and time by time. */
export async function play(
  { place, prepare }: Scenario,
  contenders: readonly Contender[],
  plan: Plan,
): Promise<Played[]> {
  await using stack = new AsyncDisposableStack();
  const players: { contender: string; steps: Step[] }[] = [];
  for (const contender of contenders) {
    const world = stack.use(await World.open(contender, place));
    players.push({ contender: contender.name, steps: await prepare(world, plan) });
  }
  const played: Played[] = [];
  for (const [i, { name, warmUps, repeat }] of (players[0]?.steps ?? []).entries()) {
    const start = performance.now();
    for (let time = 0; time < warmUps + repeat; time++) {
      // In another order each time, so that neither always finds the machine as the other left it.
      for (const { contender, steps } of time % 2 === 0 ? players : players.toReversed()) {
        const seen = (await steps[i]?.play()) ?? [];
        if (time >= warmUps)
          played.push(...seen.map((one) => ({ ...one, contender, what: named(one.what, place) })));
      }
    }
    console.error(`${named(name, place)}: ${((performance.now() - start) / 1_000).toFixed(1)} s`);
  }
  // In the order of the contenders, whoever played first.
  return players.flatMap(({ contender }) => played.filter((one) => one.contender === contender));
}

const named = (what: string, place: Place) => (place === 'chromium' ? `Chromium: ${what}` : what);
