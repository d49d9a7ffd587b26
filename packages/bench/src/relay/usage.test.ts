import { expect, test } from 'vitest';
import { parseUsage } from './usage.ts';

test('usage is read from what the relay tells Prometheus, by kind of statement', () => {
  const metrics = [
    '# TYPE quicprochat_relay_process_cpu_seconds_total counter',
    'quicprochat_relay_process_cpu_seconds_total 1.5',
    'quicprochat_relay_process_resident_memory_bytes 1000',
    'quicprochat_relay_store_seconds_count{kind="read"} 7',
    'quicprochat_relay_store_seconds_count{kind="commit"} 2',
    'quicprochat_relay_store_seconds_count{kind="write"} 3',
    'quicprochat_relay_store_seconds_sum{kind="commit"} 99',
  ].join('\n');
  expect(parseUsage(metrics)).toEqual({ cpuSeconds: 1.5, residentBytes: 1_000, reads: 7, writes: 5 });
});
