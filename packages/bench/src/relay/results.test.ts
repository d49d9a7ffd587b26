import { expect, test } from 'vitest';
import { failures, isKept, type Results } from './results.ts';

const latency = { count: 10, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 };
const shares = { relayCpu: 0.5, driverCpu: 0.1, reads: 10, writes: 10 };
const send = { offered: 50, reached: 50, acknowledged: 10, failed: 0, lost: 0, latency, ...shares };
const delivery = { ...send, groupSize: 100, logLength: 0, streams: 100, delivered: 10, sends: 1 };
const results = {
  sends: [send],
  deliveries: [delivery],
  streams: [],
  growth: [],
  longLogs: [],
  pages: [],
} as unknown as Results;

test('a rate is kept where nothing failed, nothing was lost and few waited long', () => {
  expect(isKept(send)).toBe(true);
  expect(isKept({ ...send, failed: 1 })).toBe(false);
  expect(isKept({ ...send, lost: 1 })).toBe(false);
  expect(isKept({ ...send, latency: { ...latency, p99: 1_001 } })).toBe(false);
});

test('a run fails for what was lost or never came, and not for being slow', () => {
  expect(failures(results)).toEqual([]);
  expect(failures({ ...results, sends: [{ ...send, failed: 5, reached: 1 }] })).toEqual([]);
  expect(failures({ ...results, deliveries: [{ ...delivery, delivered: 0 }] })).toEqual([
    'nothing was delivered',
  ]);
  expect(failures({ ...results, growth: [{ ...delivery, lost: 2 }] })).toEqual([
    '2 entries were acknowledged and lost, doubled or out of order',
  ]);
});
