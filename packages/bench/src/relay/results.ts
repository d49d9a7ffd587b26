import type { Source } from '../source.ts';
import type { BareStep } from './bare.ts';
import type { DeliveryStep } from './deliveries.ts';
import type { PageStep } from './log-pages.ts';
import type { Plan } from './plan.ts';
import type { SendStep } from './sends.ts';
import type { StreamStep } from './streams.ts';

export interface Results {
  environment: Source & {
    versions: Record<string, string>;
    store: string;
    /** Processes that wanted a core when the run began: above 0 the machine was not quiet. */
    loadBefore: number;
    /** Writes of 4 kB that the disk takes for good in a second, one after the other. */
    fsyncsPerSecond: number;
  };
  configuration: { plan: Plan; relay: Record<string, string>; connections: number };
  sends: SendStep[];
  /** A send beside a bare call. Published; it never fails a run. */
  bare: BareStep[];
  deliveries: DeliveryStep[];
  streams: StreamStep[];
  growth: DeliveryStep[];
  longLogs: DeliveryStep[];
  pages: PageStep[];
  notes: string[];
}

/** A rate is kept where all that was due was done, nothing was lost, and 99 of 100 waited for a second at most. */
export function isKept({ failed, lost, latency }: SendStep | DeliveryStep): boolean {
  return latency.count > 0 && failed === 0 && lost === 0 && latency.p99 <= 1_000;
}

/** What makes a run fail, whatever its times: nothing came through, or something was lost on the way. */
export function failures({ sends, deliveries, streams, growth, longLogs, pages }: Results): string[] {
  const steps = [...sends, ...deliveries, ...growth, ...longLogs];
  const nothing = [
    sends.every(({ acknowledged }) => acknowledged === 0) && 'no send was acknowledged',
    deliveries.every(({ delivered }) => delivered === 0) && 'nothing was delivered',
    streams.some(({ storm }) => storm.count === 0) && 'nobody came back after the storm',
  ].filter((line) => line !== false);
  const lost = [...steps, ...streams].reduce((total, step) => total + step.lost, 0);
  const wrong = pages.reduce((total, page) => total + page.wrong, 0);
  if (lost > 0) nothing.push(`${lost} entries were acknowledged and lost, doubled or out of order`);
  if (wrong > 0) nothing.push(`${wrong} pages did not hold what they had to`);
  return nothing;
}
