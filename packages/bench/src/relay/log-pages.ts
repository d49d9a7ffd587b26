import type { Ground } from './ground.ts';
import { Latencies, type Percentiles } from './latencies.ts';
import { LoadGroup } from './load-group.ts';
import { lengthen } from './long-log.ts';

export interface PageStep {
  /** Entries in the log. */
  length: number;
  /** Where in the log the pages were read. */
  place: 'start' | 'middle' | 'end';
  /** Entries in the pages. */
  entries: number;
  /** Pages that did not hold what they had to. */
  wrong: number;
  latency: Percentiles;
}

export const PAGE_ENTRIES = 100;
const PAGES = 50;

/** Reads pages of logs of growing length, one call after the other. */
export async function measurePages(ground: Ground, lengths: readonly number[]): Promise<PageStep[]> {
  const steps: PageStep[] = [];
  for (const length of lengths) {
    const group = await new LoadGroup(ground.calls).create();
    lengthen(group, ground, length);
    // One page that counts for nothing: whoever reads first brings the log into the cache.
    await group.read(0, PAGE_ENTRIES);
    const places = { start: 0, middle: Math.floor(length / 2), end: length - PAGE_ENTRIES };
    for (const place of ['start', 'middle', 'end'] as const)
      steps.push({ length, place, ...(await readPages(group, places[place])) });
  }
  return steps;
}

async function readPages(group: LoadGroup, cursor: number) {
  const latencies = new Latencies();
  let [entries, wrong] = [0, 0];
  for (let i = 0; i < PAGES; i += 1) {
    const start = performance.now();
    const page = await group.read(cursor, PAGE_ENTRIES);
    latencies.record(performance.now() - start);
    entries += page.entries.length;
    if (page.entries.length !== PAGE_ENTRIES || page.entries[0]?.sequence !== cursor + 1) wrong += 1;
  }
  return { entries, wrong, latency: latencies.percentiles() };
}
