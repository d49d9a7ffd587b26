import { RELAY_ERRORS } from '@quicprochat/protocol';
import { relayRouter } from '@quicprochat/relay';
import { expect } from 'vitest';
import { createMetrics } from '../../src/metrics.ts';

/** Every metric of ours in an expression is exported, and every label value that it picks can come. */
export async function expectKnown(expr: string): Promise<void> {
  const exported = await createMetrics().registry.getMetricsAsJSON();
  const names = exported.map(({ name }) => name);
  for (const [metric] of expr.matchAll(/\bquicprochat_\w+/g))
    expect(names).toContain(metric.replace(/_(bucket|sum|count)$/, ''));
  for (const [, values = ''] of expr.matchAll(/outcome=~?"([^"]*)"/g))
    for (const value of values.split('|')) expect(['OK', ...Object.keys(RELAY_ERRORS)]).toContain(value);
  for (const [, value = ''] of expr.matchAll(/procedure="([^"]*)"/g))
    expect(Object.keys(relayRouter._def.procedures)).toContain(value);
}
