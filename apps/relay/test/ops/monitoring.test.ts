import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { RELAY_ERRORS } from '@quicprochat/protocol';
import { relayRouter } from '@quicprochat/relay';
import { createMetrics } from '../../src/metrics.ts';
import { OPS, testWith, tool } from '../support/tool.ts';

const PROMETHEUS = new URL('prometheus/', OPS);
const withPromtool = testWith('promtool', 'prometheus');

interface Rules {
  groups: { rules: { alert: string; expr: string; labels: { severity: string }; annotations: object }[] }[];
}
const rules = (parse(readFileSync(new URL('alerts.yml', PROMETHEUS), 'utf8')) as Rules).groups.flatMap(
  (group) => group.rules,
);

withPromtool('Prometheus takes its configuration and the alert rules', () => {
  expect(tool('promtool', ['check', 'config', 'prometheus.yml'], { cwd: PROMETHEUS })).toMatchObject({
    exit: 0,
  });
});

withPromtool('each alert fires when it should, and not before', () => {
  const run = tool('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: PROMETHEUS });
  expect(run.output).toContain('SUCCESS');
  expect(run.exit).toBe(0);
});

test('each alert is in its tests, says what it means and what to do, and how much it hurries', () => {
  const tested = readFileSync(new URL('alerts.test.yml', PROMETHEUS), 'utf8');
  expect(rules.length).toBeGreaterThan(0);
  for (const { alert, labels, annotations } of rules) {
    expect(tested).toContain(`alertname: ${alert}`);
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(Object.keys(annotations)).toEqual(['summary', 'action']);
  }
  expect(tested).toContain(`value: ${rules.length}`);
});

test('alerts ask for metrics, procedures and outcomes that there are', async () => {
  for (const { expr } of rules) await expectKnown(expr);
});

/** Every metric of ours in an expression is exported, and every label value that it picks can come. */
async function expectKnown(expr: string): Promise<void> {
  const exported = await createMetrics().registry.getMetricsAsJSON();
  const names = exported.map(({ name }) => name);
  for (const [metric] of expr.matchAll(/\bquicprochat_\w+/g))
    expect(names).toContain(metric.replace(/_(bucket|sum|count)$/, ''));
  for (const [, values = ''] of expr.matchAll(/outcome=~?"([^"]*)"/g))
    for (const value of values.split('|')) expect(['OK', ...Object.keys(RELAY_ERRORS)]).toContain(value);
  for (const [, value = ''] of expr.matchAll(/procedure="([^"]*)"/g))
    expect(Object.keys(relayRouter._def.procedures)).toContain(value);
}
