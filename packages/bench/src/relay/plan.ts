import type { BareLoad } from './bare.ts';
import type { DeliveryLoad } from './deliveries.ts';
import type { SendLoad } from './sends.ts';
import type { StreamLoad } from './streams.ts';

/** What one run measures, in the order in which it does. */
export interface Plan {
  /** Rates are raised step by step, until one is not kept. */
  sends: Omit<SendLoad, 'rate'> & { rates: readonly number[] };
  /** A send beside a bare call, at one rate. */
  bare: BareLoad;
  deliveries: Omit<DeliveryLoad, 'rate'> & { rates: readonly number[] };
  streams: StreamLoad;
  /** The same deliveries over as many streams, in groups of each size. */
  growth: Omit<DeliveryLoad, 'groupSize' | 'groups'> & { sizes: readonly number[]; streams: number };
  /** The same deliveries into logs of each length. */
  longLogs: Omit<DeliveryLoad, 'logLength'>;
  /** For {@link longLogs}, and for reading pages. */
  logLengths: readonly number[];
}

export interface Wishes {
  quick?: boolean | undefined;
  streams?: number | undefined;
  /** The longest log. */
  log?: number | undefined;
}

/** Through the floors and the aims that docs/src/bench/relay.md names. */
const SEND_RATES = [50, 100, 200, 500, 1_000, 1_500, 2_500, 5_000];
const DELIVERY_RATES = [500, 1_000, 3_000, 6_000, 12_000, 20_000, 40_000];

const COMMON = { spacing: 'poisson', bytes: 1_024, patienceMs: 20_000 } as const;

export function planOf({
  quick = false,
  streams = quick ? 50 : 2_000,
  log = quick ? 1_000 : 1_000_000,
}: Wishes): Plan {
  const logLengths = [1_000, 10_000, 100_000, 1_000_000].filter((length) => length <= log);
  if (quick) {
    // Uniform: of so few Poisson arrivals there could be none, and a run without any fails.
    const common = { ...COMMON, spacing: 'uniform', patienceMs: 4_000 } as const;
    return {
      sends: { ...common, seconds: 2, groups: 5, rates: [20] },
      bare: { ...common, seconds: 1, groups: 5, rate: 20, rounds: 1 },
      deliveries: { ...common, seconds: 2, groupSize: 50, groups: 1, logLength: 0, rates: [250] },
      streams: { streams, groupSize: 50, idleSeconds: 1, patienceMs: common.patienceMs },
      growth: { ...common, seconds: 2, sizes: [], logLength: 0, streams: 0, rate: 0 },
      longLogs: { ...common, seconds: 2, groupSize: 50, groups: 1, rate: 250 },
      logLengths,
    };
  }
  return {
    sends: { ...COMMON, seconds: 10, groups: 50, rates: SEND_RATES },
    bare: { ...COMMON, seconds: 5, groups: 50, rate: 500, rounds: 5 },
    deliveries: { ...COMMON, seconds: 10, groupSize: 100, groups: 10, logLength: 0, rates: DELIVERY_RATES },
    streams: { streams, groupSize: 100, idleSeconds: 5, patienceMs: 120_000 },
    growth: { ...COMMON, seconds: 20, sizes: [10, 100, 1_000], logLength: 0, streams: 1_000, rate: 300 },
    longLogs: { ...COMMON, seconds: 10, groupSize: 100, groups: 1, rate: 3_000 },
    logLengths,
  };
}

/** Streams that a limit of open files leaves room for; the rest are files, calls and the database. */
export function streamsWithin(openFiles: number): number {
  return Math.max(0, openFiles - 1_000);
}
