import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { installedVersion, source } from '../source.ts';
import { measureBare } from './bare.ts';
import { measureDeliveries } from './deliveries.ts';
import { fsyncsPerSecond } from './fsync.ts';
import { CONNECTIONS, onGround, RELAY_ENV, type Store } from './ground.ts';
import { measurePages } from './log-pages.ts';
import { type Plan, planOf, streamsWithin } from './plan.ts';
import { failures, isKept, type Results } from './results.ts';
import { measureSends } from './sends.ts';
import { measureStreams } from './streams.ts';
import { report } from './tables.ts';

export interface Options {
  quick?: boolean | undefined;
  store?: string | undefined;
  streams?: string | undefined;
  log?: string | undefined;
}

const RESULTS = new URL('../../results/', import.meta.url);

export async function benchRelay({ quick = false, store = 'sqlite', streams, log }: Options): Promise<void> {
  if (store !== 'sqlite' && store !== 'postgres') throw new Error('--store is sqlite or postgres');
  const plan = planOf({ quick, streams: numberOf(streams), log: numberOf(log) });
  const results = begin(plan, store);
  holdToOpenFiles(results);
  await measure(results, plan, store);
  console.log(report(results));
  // A run on the other store, or of a part, is for whoever asked for it.
  if (!quick && store === 'sqlite') await publish(results);
  const failed = failures(results);
  for (const line of failed) console.error(line);
  if (failed.length > 0) process.exitCode = 1;
}

function begin(plan: Plan, store: Store): Results {
  return {
    environment: {
      ...source(),
      versions: {
        node: process.versions.node,
        'better-sqlite3': installedVersion('better-sqlite3', 'packages/relay'),
        fastify: installedVersion('fastify', 'packages/relay'),
        '@trpc/server': installedVersion('@trpc/server', 'packages/relay'),
      },
      store,
      loadBefore: Number((loadavg()[0] ?? 0).toFixed(1)),
      fsyncsPerSecond: fsyncsPerSecond(),
    },
    configuration: { plan, relay: RELAY_ENV, connections: CONNECTIONS },
    sends: [],
    bare: [],
    deliveries: [],
    streams: [],
    growth: [],
    longLogs: [],
    pages: [],
    notes: [],
  };
}

/** Each part has a relay and a store of its own, so that none inherits what another left behind. */
async function measure(results: Results, plan: Plan, store: Store): Promise<void> {
  const { sends, bare, deliveries, streams, growth } = plan;
  for (const rate of sends.rates) {
    const step = await onGround(store, (ground) => measureSends(ground, { ...sends, rate }));
    results.sends.push(step);
    tell(`sends, ${rate} a second: ${step.reached}`);
    if (!isKept(step)) break;
  }
  if (store === 'sqlite') {
    results.bare.push(await onGround(store, (ground) => measureBare(ground, bare)));
    tell(`a send beside a bare call, ${bare.rate} a second`);
  } else results.notes.push('A bare call is measured on SQLite alone.');
  for (const rate of deliveries.rates) {
    const step = await onGround(store, (ground) => measureDeliveries(ground, { ...deliveries, rate }));
    results.deliveries.push(step);
    tell(`deliveries, ${rate} a second: ${step.reached}`);
    if (!isKept(step)) break;
  }
  results.streams.push(await onGround(store, (ground) => measureStreams(ground, streams)));
  tell(`${streams.streams} streams`);
  for (const groupSize of growth.sizes) {
    const groups = growth.streams / groupSize;
    results.growth.push(
      await onGround(store, (ground) => measureDeliveries(ground, { ...growth, groupSize, groups })),
    );
    tell(`groups of ${groupSize}`);
  }
  if (store === 'sqlite') await measureLongLogs(results, plan);
  else results.notes.push('Long logs are measured on SQLite alone.');
}

async function measureLongLogs(results: Results, { longLogs, logLengths }: Plan): Promise<void> {
  for (const logLength of logLengths) {
    results.longLogs.push(
      await onGround('sqlite', (ground) => measureDeliveries(ground, { ...longLogs, logLength })),
    );
    tell(`deliveries into a log of ${logLength}`);
  }
  results.pages = await onGround('sqlite', (ground) => measurePages(ground, logLengths));
}

/** Each stream is a file to the relay and one to the driver, and either may have as many as the system lets it. */
function holdToOpenFiles({ configuration: { plan } }: Results): void {
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits: { open_files: { soft: string | number } };
  };
  const soft = userLimits.open_files.soft;
  if (soft === 'unlimited') return;
  const { streams } = plan.streams;
  if (streams > streamsWithin(Number(soft)))
    throw new Error(`${streams} streams need \`ulimit -n ${streams + 1_000}\`, and it is ${soft}.`);
}

async function publish(results: Results): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL('relay.json', RESULTS), `${JSON.stringify(results, undefined, 1)}\n`);
  const mark = '<!-- Generated by `pnpm bench relay`; do not edit. -->';
  await writeFile(new URL('relay.md', RESULTS), `${mark}\n\n${report(results)}\n`);
}

function tell(line: string): void {
  console.error(line);
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${text} is not an integer of at least 1`);
  return Number(text);
}
