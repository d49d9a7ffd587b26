import { table } from '../table.ts';
import type { DeliveryStep } from './deliveries.ts';
import type { Percentiles } from './latencies.ts';
import type { Results } from './results.ts';
import type { SendStep } from './sends.ts';

/** Everything, as markdown. */
export function report(results: Results): string {
  return [
    environmentLines(results),
    section('Durable sends', sendTable(results.sends)),
    section('Deliveries', deliveryTable(results.deliveries)),
    section('Streams held, and a reconnect storm', streamTable(results)),
    section('The same deliveries, by size of the group', growthTable(results.growth)),
    section('A page of 100 entries, by length of the log', pageTable(results)),
    ...results.notes.map((note) => `- ${note}`),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

function environmentLines({ environment, configuration }: Results): string {
  const { commit, changed, date, cpu, cores, versions, store, loadBefore, fsyncsPerSecond } = environment;
  const parts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const settings = Object.entries(configuration.relay).map(([name, value]) => `${name}=${value}`);
  return [
    `Measured on ${date}, at commit ${commit.slice(0, 12)}${changed ? ' with changes' : ''}: ${cpu}, ${cores} cores that relay and driver share; ${parts.join(', ')}.`,
    `Store: ${store}. The disk takes ${count(fsyncsPerSecond)} single writes a second for good. Load average before the run: ${loadBefore}.`,
    `Relay: ${settings.join(', ')}, all else as it ships. Driver: ${configuration.connections} connections for calls, one for each stream, messages of 1 KiB, ${configuration.plan.sends.spacing} arrivals.`,
  ].join('\n');
}

function sendTable(steps: readonly SendStep[]): string {
  if (steps.length === 0) return '';
  const head = [
    'due/s',
    'acknowledged/s',
    'failed',
    'lost',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'relay CPU',
    'driver CPU',
  ];
  const rows = steps.map((step) => [
    count(step.offered),
    count(step.reached),
    count(step.failed),
    count(step.lost),
    ...percentiles(step.latency),
    share(step.relayCpu),
    share(step.driverCpu),
  ]);
  return table(head, rows);
}

function deliveryTable(steps: readonly DeliveryStep[]): string {
  if (steps.length === 0) return '';
  const head = [
    'due/s',
    'delivered/s',
    'streams',
    'group',
    'lost',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'relay CPU',
    'driver CPU',
  ];
  const rows = steps.map((step) => [
    count(step.offered),
    count(step.reached),
    count(step.streams),
    count(step.groupSize),
    count(step.lost),
    ...percentiles(step.latency),
    share(step.relayCpu),
    share(step.driverCpu),
  ]);
  return table(head, rows);
}

function streamTable({ streams }: Results): string {
  if (streams.length === 0) return '';
  const head = [
    'streams',
    'kB each',
    'ended while idle',
    'lost',
    'served p50 s',
    'p99 s',
    'all s',
    'relay CPU',
  ];
  const rows = streams.map((step) => [
    count(step.streams),
    (step.bytesPerStream / 1_000).toFixed(1),
    count(step.ended),
    count(step.lost),
    ...[step.storm.p50, step.storm.p99, step.storm.max].map((ms) => (ms / 1_000).toFixed(2)),
    share(step.relayCpu),
  ]);
  return table(head, rows);
}

function growthTable(steps: readonly DeliveryStep[]): string {
  if (steps.length === 0) return '';
  const head = [
    'group',
    'delivered/s',
    'lost',
    'p50 ms',
    'p99 ms',
    'writes per send',
    'reads per delivery',
    'relay CPU',
  ];
  const rows = steps.map((step) => [
    count(step.groupSize),
    count(step.reached),
    count(step.lost),
    ...percentiles(step.latency).slice(0, 2),
    (step.writes / step.sends).toFixed(1),
    (step.reads / step.delivered).toFixed(1),
    share(step.relayCpu),
  ]);
  return table(head, rows);
}

function pageTable({ pages }: Results): string {
  if (pages.length === 0) return '';
  const rows = pages.map(({ length, place, wrong, latency }) => [
    count(length),
    place,
    count(wrong),
    ...percentiles(latency).slice(0, 2),
  ]);
  return table(['entries', 'place', 'wrong', 'p50 ms', 'p99 ms'], rows);
}

const count = (value: number): string => value.toLocaleString('en');
const share = (value: number): string => `${Math.round(value * 100)} %`;
const percentiles = ({ p50, p99, p999 }: Percentiles): string[] => [p50, p99, p999].map(String);
