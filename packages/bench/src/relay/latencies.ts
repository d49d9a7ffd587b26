import { build, type Histogram } from 'hdr-histogram-js';

/** What is published of latencies: milliseconds. */
export interface Percentiles {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** Counts latencies in a histogram with three digits, from a microsecond to an hour. */
export class Latencies {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 3,
  });

  record(ms: number): void {
    this.#histogram.recordValue(Math.max(1, Math.round(ms * 1_000)));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  percentiles(): Percentiles {
    const at = (percent: number) => toMs(this.#histogram.getValueAtPercentile(percent));
    const max = this.count === 0 ? 0 : toMs(this.#histogram.maxValue);
    return { count: this.count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max };
  }
}

/** Three significant digits, as many as the histogram keeps. */
const toMs = (us: number): number => Number((us / 1_000).toPrecision(3));
