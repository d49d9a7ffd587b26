import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@quicprochat/testkit';
import { Crowd, groupsOf } from './crowd.ts';
import type { Ground } from './ground.ts';
import { Latencies, type Percentiles } from './latencies.ts';
import type { LoadGroup } from './load-group.ts';
import { metered, type Shares, usageOf } from './usage.ts';

export interface StreamStep extends Shares {
  streams: number;
  /** From the first to the last stream, opened a few at a time. */
  gatheredMs: number;
  /** Resident memory of the relay, for each stream that it holds. */
  bytesPerStream: number;
  /** Streams that the relay ended while they were idle. */
  ended: number;
  /** After all streams broke at once and came back at once: until each had what it missed. */
  storm: Percentiles;
  /** Entries that did not reach somebody after the storm. */
  lost: number;
}

export interface StreamLoad {
  streams: number;
  groupSize: number;
  idleSeconds: number;
  patienceMs: number;
}

/** Holds idle streams, then breaks them all, posts once into each group, and lets everyone come back at once. */
export async function measureStreams(ground: Ground, load: StreamLoad): Promise<StreamStep> {
  const latencies = new Latencies();
  let stormAt = 0;
  const sizes = groupsOf(load.groupSize, Math.ceil(load.streams / load.groupSize));
  using crowd = await Crowd.of(ground, sizes, () => latencies.record(performance.now() - stormAt));
  const before = await usageOf(ground.adminUrl);
  const start = performance.now();
  await crowd.gather();
  const gatheredMs = Math.round(performance.now() - start);
  await sleep(load.idleSeconds * 1_000);
  const idle = await usageOf(ground.adminUrl);
  const ended = crowd.members.reduce((total, member) => total + member.ended, 0);

  for (const member of crowd.members) member.close();
  const acknowledged = new Map<LoadGroup, number>();
  for (const { group } of crowd.rooms) acknowledged.set(group, (await group.post(newId(), 1_024)).sequence);
  const shares = await metered(ground.adminUrl, async () => {
    stormAt = performance.now();
    const comeBack = crowd.storm();
    await Promise.race([comeBack, sleep(load.patienceMs)]);
    for (let i = 0; i < 100 && crowd.lost(acknowledged) > 0; i += 1) await sleep(50);
    return {};
  });
  return {
    streams: crowd.members.length,
    gatheredMs,
    bytesPerStream: Math.round((idle.residentBytes - before.residentBytes) / crowd.members.length),
    ended,
    storm: latencies.percentiles(),
    lost: crowd.lost(acknowledged),
    ...shares,
  };
}
