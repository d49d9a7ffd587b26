import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@quicprochat/testkit';
import { Crowd, groupsOf } from './crowd.ts';
import type { Ground } from './ground.ts';
import { Latencies, type Percentiles } from './latencies.ts';
import type { LoadGroup } from './load-group.ts';
import { openLoop } from './open-loop.ts';
import { arrivals, type Spacing } from './schedule.ts';
import { metered, type Shares } from './usage.ts';

export interface DeliveryStep extends Shares {
  groupSize: number;
  /** Entries in each log before. */
  logLength: number;
  streams: number;
  /** Deliveries that the sends of a second were to cause. */
  offered: number;
  /** Deliveries in a second. */
  reached: number;
  delivered: number;
  sends: number;
  failed: number;
  /** Deliveries that did not come, came twice or came out of order. */
  lost: number;
  /** From when the send was due to when a member had it, over all members. */
  latency: Percentiles;
}

export interface DeliveryLoad {
  /** Deliveries in a second. */
  rate: number;
  seconds: number;
  spacing: Spacing;
  groupSize: number;
  groups: number;
  /** Entries that each log has before; other than 0 on SQLite alone. */
  logLength: number;
  bytes: number;
  /** How long answers are waited for after the last call. */
  patienceMs: number;
}

/** Posts into groups whose members all listen, at the rate that makes so many deliveries in a second. */
export async function measureDeliveries(ground: Ground, load: DeliveryLoad): Promise<DeliveryStep> {
  const dueOf = new Map<string, number>();
  const latencies = new Latencies();
  let lastAt = 0;
  using crowd = await Crowd.of(ground, groupsOf(load.groupSize, load.groups), (id) => {
    lastAt = performance.now();
    latencies.record(lastAt - (dueOf.get(id) ?? lastAt));
  });
  if (load.logLength > 0) crowd.lengthenLogs(ground, load.logLength);
  await crowd.gather();

  const acknowledged = new Map<LoadGroup, number>();
  const start = performance.now();
  const outcome = await metered(ground.adminUrl, async () => {
    const sent = await openLoop({
      due: arrivals({ ...load, rate: load.rate / load.groupSize }),
      patienceMs: load.patienceMs,
      call: async (index, dueAt) => {
        const room = crowd.rooms[index % crowd.rooms.length];
        if (room === undefined) throw new Error('no group to send to');
        const id = newId();
        dueOf.set(id, dueAt);
        const { sequence } = await room.group.post(id, load.bytes);
        acknowledged.set(room.group, Math.max(sequence, acknowledged.get(room.group) ?? 0));
      },
    });
    await until(() => crowd.lost(acknowledged) === 0, load.patienceMs);
    return sent;
  });

  const seconds = Math.max(load.seconds, (lastAt - start) / 1_000);
  const { answered, failed, unanswered, relayCpu, driverCpu, reads, writes } = outcome;
  return {
    groupSize: load.groupSize,
    logLength: load.logLength,
    streams: crowd.members.length,
    offered: load.rate,
    reached: Math.round(latencies.count / seconds),
    delivered: latencies.count,
    sends: answered,
    failed: failed + unanswered,
    lost: crowd.lost(acknowledged),
    latency: latencies.percentiles(),
    relayCpu,
    driverCpu,
    reads,
    writes,
  };
}

/** Waits until something is so, or for as long as patience lasts. */
async function until(isSo: () => boolean, patienceMs: number): Promise<void> {
  for (const end = performance.now() + patienceMs; !isSo() && performance.now() < end;) await sleep(50);
}
