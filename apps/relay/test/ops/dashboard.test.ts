import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createMetrics } from '../../src/metrics.ts';
import { expectKnown } from '../support/known-metrics.ts';
import { OPS } from '../support/tool.ts';

/** What Grafana takes, as far as the dashboard uses it (its schema 39). Other fields are misspelt. */
const datasourceSchema = z.strictObject({
  type: z.literal('prometheus'),
  uid: z.literal('${DS_PROMETHEUS}'),
});
const gridSchema = z.strictObject({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});
const panelSchema = z.discriminatedUnion('type', [
  z.strictObject({
    id: z.int(),
    type: z.literal('row'),
    title: z.string().min(1),
    collapsed: z.literal(false),
    gridPos: gridSchema,
    panels: z.tuple([]),
  }),
  z.strictObject({
    id: z.int(),
    type: z.literal('timeseries'),
    title: z.string().min(1),
    description: z.string().min(1),
    datasource: datasourceSchema,
    gridPos: gridSchema,
    fieldConfig: z.strictObject({
      defaults: z.strictObject({
        unit: z.enum(['reqps', 's', 'short', 'bytes', 'percentunit']),
        min: z.literal(0),
      }),
      overrides: z.tuple([]),
    }),
    options: z.strictObject({
      legend: z.strictObject({ displayMode: z.literal('list'), placement: z.literal('bottom') }),
    }),
    targets: z
      .array(
        z.strictObject({
          datasource: datasourceSchema,
          expr: z.string().min(1),
          legendFormat: z.string().min(1),
          refId: z.string().regex(/^[A-Z]$/),
        }),
      )
      .min(1),
  }),
]);
const dashboardSchema = z.strictObject({
  __inputs: z.tuple([
    z.strictObject({
      name: z.literal('DS_PROMETHEUS'),
      label: z.string(),
      type: z.literal('datasource'),
      pluginId: z.literal('prometheus'),
    }),
  ]),
  title: z.string().min(1),
  uid: z.string().regex(/^[\w-]{1,40}$/),
  schemaVersion: z.literal(39),
  version: z.int().min(1),
  editable: z.boolean(),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  tags: z.array(z.string()),
  templating: z.strictObject({
    list: z.array(
      z.strictObject({
        name: z.string(),
        type: z.literal('query'),
        label: z.string(),
        datasource: datasourceSchema,
        query: z.string(),
        multi: z.boolean(),
        includeAll: z.boolean(),
        refresh: z.literal(2),
      }),
    ),
  }),
  annotations: z.strictObject({ list: z.tuple([]) }),
  panels: z.array(panelSchema),
});
const dashboard = dashboardSchema.parse(JSON.parse(readFileSync(new URL('grafana/relay.json', OPS), 'utf8')));

test('the dashboard shows metrics that there are, of the relays that are chosen', async () => {
  const targets = dashboard.panels.flatMap((panel) => (panel.type === 'row' ? [] : panel.targets));
  expect(targets.length).toBeGreaterThan(0);
  for (const { expr } of targets) {
    expect(expr).toContain('instance=~"$instance"');
    await expectKnown(expr);
  }
  for (const { query } of dashboard.templating.list) await expectKnown(query);
});

test('it leaves out none of the relay’s own metrics', async () => {
  const own = (await createMetrics().registry.getMetricsAsJSON())
    .map(({ name }) => name)
    .filter((name) => !/_(process|nodejs)_/.test(name));
  const shown = JSON.stringify(dashboard.panels);
  expect(own.filter((name) => !shown.includes(name))).toEqual([]);
});

test('its panels have ids of their own, and do not lie over each other', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { gridPos } of panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(x).toBeLessThan(24);
        expect(taken).not.toContain(`${x} ${y}`);
        taken.add(`${x} ${y}`);
      }
});
