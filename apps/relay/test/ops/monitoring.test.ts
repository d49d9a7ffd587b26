import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { expectKnown } from '../support/known-metrics.ts';
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
