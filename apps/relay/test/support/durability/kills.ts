import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type RelayProcess, type Rng } from '@quicprochat/testkit';
import { expectWhole, type Store } from './check.ts';
import { Writers } from './writers.ts';

/** Logs grow, so not every kill is followed by a reading of all that there is; the others read what is new. */
const WHOLE_EVERY = 50;

interface Kills {
  kills: number;
  rng: Rng;
}

/**
 * Kills a relay so many times under load, at points that the seed decides, starts it again at once on the same data, and
 * compares what it has with what it acknowledged.
 *
 * @returns what was found, in a line, and whatever is not as it was acknowledged
 */
export async function killUnderLoad(relay: RelayProcess, store: Store, { kills, rng }: Kills) {
  const writers = await Writers.start(relay.url);
  const begun = Date.now();
  let done = 0;
  let slowestStartMs = 0;
  const figures = () =>
    `${done} kills, ${writers.acknowledged} writes acknowledged, ${countOf(writers, 'lost')} lost, ` +
    `${countOf(writers, 'doubled')} doubled, ${writers.problems.length} problems, ` +
    `slowest start ${slowestStartMs} ms, ${Math.round((Date.now() - begun) / 1_000)} s`;

  while (done < kills && writers.problems.length === 0) {
    const due = writers.acknowledged + rng.below(80);
    await eventually('the relay acknowledges writes', () => writers.acknowledged >= due);
    await sleep(rng.below(30));
    await relay.kill();
    // Some are killed once more while they start, where a database is put in order and brought up to date.
    if (rng.chance(1 / 8)) {
      const cutShort = relay.start().catch(() => undefined);
      await sleep(rng.below(1_000));
      await relay.kill();
      await cutShort;
    }
    const killed = Date.now();
    await relay.start();
    slowestStartMs = Math.max(slowestStartMs, Date.now() - killed);
    done += 1;
    await writers.compare({ whole: done % WHOLE_EVERY === 0 });
    await expectWhole(store);
    if (done % WHOLE_EVERY === 0) console.log(figures());
  }
  await writers.stop();
  // What was found already would be told a second time.
  if (writers.problems.length === 0) {
    await writers.compare({ whole: true });
    for (const model of writers.models) model.compareSize();
  }
  return { figures: figures(), problems: writers.problems };
}

function countOf({ problems }: Writers, what: Writers['problems'][number]['what']): number {
  return problems.filter((problem) => problem.what === what).length;
}
