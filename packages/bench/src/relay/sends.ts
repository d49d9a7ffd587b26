import { newId } from '@quicprochat/testkit';
import { arrivals, type Spacing } from './schedule.ts';
import type { Ground } from './ground.ts';
import type { Percentiles } from './latencies.ts';
import { LoadGroup } from './load-group.ts';
import { openLoop } from './open-loop.ts';
import { metered, type Shares } from './usage.ts';

export interface SendStep extends Shares {
  /** Sends that were due in a second. */
  offered: number;
  /** Sends that were acknowledged in a second. */
  reached: number;
  acknowledged: number;
  failed: number;
  /** Acknowledged, and not in the log once and only once. */
  lost: number;
  latency: Percentiles;
}

export interface SendLoad {
  rate: number;
  seconds: number;
  spacing: Spacing;
  groups: number;
  bytes: number;
  /** How long answers are waited for after the last call. */
  patienceMs: number;
}

/** Posts into several groups at a rate, and looks for all that was acknowledged in the logs afterwards. */
export async function measureSends({ calls, adminUrl }: Ground, load: SendLoad): Promise<SendStep> {
  const { rate, seconds, groups: count } = load;
  const groups = await Promise.all(Array.from({ length: count }, () => new LoadGroup(calls).create()));
  const acknowledged = new Map(groups.map((group) => [group, new Set<string>()]));
  const outcome = await metered(adminUrl, () =>
    openLoop({
      due: arrivals(load),
      patienceMs: load.patienceMs,
      call: async (index) => {
        const group = groups[index % groups.length];
        if (group === undefined) throw new Error('no group to send to');
        const id = newId();
        await group.post(id, load.bytes);
        acknowledged.get(group)?.add(id);
      },
    }),
  );
  let lost = 0;
  for (const [group, ids] of acknowledged) lost += missing(ids, await idsIn(group));
  const { answered, failed, unanswered, elapsedMs, latency, relayCpu, driverCpu, reads, writes } = outcome;
  return {
    offered: rate,
    reached: Math.round((answered / Math.max(elapsedMs, seconds * 1_000)) * 1_000),
    acknowledged: answered,
    failed: failed + unanswered,
    lost,
    latency,
    relayCpu,
    driverCpu,
    reads,
    writes,
  };
}

/** How many of the expected ids do not stand exactly once among those found. */
export function missing(expected: ReadonlySet<string>, found: readonly string[]): number {
  const times = new Map<string, number>();
  for (const id of found) times.set(id, (times.get(id) ?? 0) + 1);
  return [...expected].filter((id) => times.get(id) !== 1).length;
}

async function idsIn(group: LoadGroup): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = 0, more = true; more;) {
    const page = await group.read(cursor, 500);
    ids.push(...page.entries.map(({ id }) => id));
    ({ cursor, more } = page);
  }
  return ids;
}
