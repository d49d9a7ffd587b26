/**
 * One start of a member that was offline: opens its store, catches up and ends. It prints what happens, as JSON, one event
 * a line, and can be killed at any moment.
 *
 * Arguments: the relay's address, the database, a mode, the epoch that the others have reached, and every how many entries
 * the memory is measured in the mode `measured`. The mode `live` opens a live client, and others make one pass.
 */
import { platform } from '#platform';
import { Client } from '../../src/api/client.ts';
import { sqliteStorage } from '../../src/storage/sqlite.ts';
import { MeasuredWorkers } from '../support/memory.ts';
import type { ReaderEvent } from './member.ts';

const [relay = '', database = '', mode = '', epoch = '', measureEvery = ''] = process.argv.slice(2);
const workers = new MeasuredWorkers();
const startMs = performance.now();

const tell = (event: ReaderEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
const measure = async () =>
  tell({ type: 'memory', ...(await workers.memory()), mostRss: process.resourceUsage().maxRSS * 1_024 });

const fetch: typeof globalThis.fetch = (input, init) => {
  if ((input as string).includes('groups.read')) {
    const { cursor } = JSON.parse(init?.body as string) as { cursor: number };
    tell({ type: 'page', cursor });
  }
  return platform.net.fetch(input, init);
};
const client = await Client.create({
  relay,
  storage: sqliteStorage(database),
  live: mode === 'live',
  worker: () => workers.start(),
  platform: { ...platform, net: { fetch } },
});
const [conversation] = client.conversations.list();
if (conversation === undefined) throw new Error('this member is in no conversation');

const measuring: Promise<unknown>[] = [];
let told: number | undefined;
client.subscribe(() => {
  const entries = conversation.catchingUp?.entries;
  if (entries === told) return;
  told = entries;
  tell({ type: 'progress', entries: entries ?? 'all' });
  if (mode === 'measured' && (entries ?? 0) >= (measuring.length + 1) * Number(measureEvery))
    measuring.push(measure());
});
const hasAllEpochs = new Promise<void>((resolve) =>
  client.subscribe(() => {
    if (conversation.epoch >= Number(epoch)) resolve();
  }),
);
await (mode === 'live' ? hasAllEpochs : client.sync());
const { user, system } = process.cpuUsage();
tell({ type: 'done', wallMs: performance.now() - startMs, cpuMs: (user + system) / 1_000 });
await Promise.all(measuring);
if (mode === 'measured') await measure();
await client.close();
