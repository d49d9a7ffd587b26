import { table } from '../table.ts';
import type { Cost } from './bare.ts';
import type { DeliveryStep } from './deliveries.ts';
import type { Percentiles } from './latencies.ts';
import type { Results } from './results.ts';
import type { SendStep } from './sends.ts';

/** Everything, as markdown. */
export function report(results: Results): string {
  return [
    environmentLines(results),
    section('Durable sends', sendTable(results.sends)),
    section('A send beside a bare call', bareTable(results)),
    section('Deliveries', deliveryTable(results.deliveries)),
    section('Streams held, and a reconnect storm', streamTable(results)),
    section('The same deliveries, by size of the group', growthTable(results.growth, GROUP)),
    section('The same deliveries, by length of the log', growthTable(results.longLogs, LOG)),
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

/** A title, and what stands under it in the row of a step. */
type Column<Step> = readonly [title: string, cell: (step: Step) => string];

function tableOf<Step>(steps: readonly Step[], columns: readonly Column<Step>[]): string {
  if (steps.length === 0) return '';
  const head = columns.map(([title]) => title);
  return table(
    head,
    steps.map((step) => columns.map(([, cell]) => cell(step))),
  );
}

function sendTable(steps: readonly SendStep[]): string {
  return tableOf(steps, [
    ['due/s', ({ offered }) => count(offered)],
    ['acknowledged/s', ({ reached }) => count(reached)],
    ['failed', ({ failed }) => count(failed)],
    LOST,
    P50,
    P99,
    P999,
    RELAY_CPU,
    DRIVER_CPU,
  ]);
}

/** The two of a step, and the one divided by the other. */
function bareTable({ bare: steps }: Results): string {
  const rows = steps.flatMap(({ rate, send, bare }) => {
    const row = (name: string, { answered, failed, p50, p99, cpuMs }: Cost) => {
      return [name, count(rate), count(answered), count(failed), ms(cpuMs), ms(p50), ms(p99)];
    };
    const times = (of: (cost: Cost) => number) => `${ratio(of(send), of(bare))} times`;
    const ratios = [times(({ cpuMs }) => cpuMs), times(({ p50 }) => p50), times(({ p99 }) => p99)];
    return [row('send', send), row('bare call', bare), ['send by bare call', '', '', '', ...ratios]];
  });
  const head = ['call', 'due/s', 'answered', 'failed', 'CPU ms per call', 'p50 ms', 'p99 ms'];
  return rows.length === 0 ? '' : table(head, rows);
}

function deliveryTable(steps: readonly DeliveryStep[]): string {
  return tableOf(steps, [
    ['due/s', ({ offered }) => count(offered)],
    ['delivered/s', ({ reached }) => count(reached)],
    ['streams', ({ streams }) => count(streams)],
    GROUP,
    LOST,
    P50,
    P99,
    P999,
    RELAY_CPU,
    DRIVER_CPU,
  ]);
}

function streamTable({ streams }: Results): string {
  return tableOf(streams, [
    ['streams', (step) => count(step.streams)],
    ['kB each', ({ bytesPerStream }) => (bytesPerStream / 1_000).toFixed(1)],
    ['ended while idle', ({ ended }) => count(ended)],
    LOST,
    ['served p50 s', ({ storm }) => seconds(storm.p50)],
    ['p99 s', ({ storm }) => seconds(storm.p99)],
    ['all s', ({ storm }) => seconds(storm.max)],
    RELAY_CPU,
  ]);
}

/** By what it is that grows. */
function growthTable(steps: readonly DeliveryStep[], grows: Column<DeliveryStep>): string {
  return tableOf(steps, [
    grows,
    ['delivered/s', ({ reached }) => count(reached)],
    LOST,
    P50,
    P99,
    ['writes per send', ({ writes, sends }) => ratio(writes, sends)],
    ['reads per delivery', ({ reads, delivered }) => ratio(reads, delivered)],
    RELAY_CPU,
  ]);
}

function pageTable({ pages }: Results): string {
  return tableOf(pages, [
    ['entries', ({ length }) => count(length)],
    ['place', ({ place }) => place],
    ['wrong', ({ wrong }) => count(wrong)],
    P50,
    P99,
  ]);
}

const count = (value: number): string => value.toLocaleString('en');
const share = (value: number): string => `${Math.round(value * 100)} %`;
const ms = (value: number): string => String(value);
const seconds = (ms: number): string => (ms / 1_000).toFixed(2);
/** To one place; nothing where there was nothing to divide by. */
const ratio = (of: number, by: number): string => (by === 0 ? '' : (of / by).toFixed(1));

const GROUP: Column<DeliveryStep> = ['group', ({ groupSize }) => count(groupSize)];
const LOG: Column<DeliveryStep> = ['entries', ({ logLength }) => count(logLength)];
const LOST: Column<{ lost: number }> = ['lost', ({ lost }) => count(lost)];
const P50: Column<{ latency: Percentiles }> = ['p50 ms', ({ latency }) => String(latency.p50)];
const P99: Column<{ latency: Percentiles }> = ['p99 ms', ({ latency }) => String(latency.p99)];
const P999: Column<{ latency: Percentiles }> = ['p99.9 ms', ({ latency }) => String(latency.p999)];
const RELAY_CPU: Column<{ relayCpu: number }> = ['relay CPU', ({ relayCpu }) => share(relayCpu)];
const DRIVER_CPU: Column<{ driverCpu: number }> = ['driver CPU', ({ driverCpu }) => share(driverCpu)];
