import type { ObservedCall } from '@quicprochat/relay';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** What is measured. No metric names a handle, a device, a group or an address. */
export interface Metrics {
  readonly registry: Registry;
  readonly observe: (call: ObservedCall) => void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'quicprochat_relay_' });
  const calls = new Counter({
    name: 'quicprochat_relay_calls_total',
    help: 'Calls by procedure and by how they ended: OK, or an error code.',
    labelNames: ['procedure', 'outcome'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'quicprochat_relay_call_seconds',
    help: 'Time from the start of a call to its result.',
    labelNames: ['procedure'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  });
  return {
    registry,
    observe: ({ procedure, outcome, durationMs }) => {
      calls.inc({ procedure, outcome });
      seconds.observe({ procedure }, durationMs / 1_000);
    },
  };
}
