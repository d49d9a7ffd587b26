/**
 * Eight live clients write to each other for a time while calls fail at random and the relay is restarted again and again.
 * Prints what happened. Ends with exit code 1 if a message was lost, doubled, out of order or waited too long, if members
 * ended in different states, or if memory grew. `pnpm prove soak` runs it for an hour.
 *
 * QPC_SOAK_MINUTES   how long: 60 by default
 * QPC_SEED           another run of faults: 1 by default
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, Rng, startRelay } from '@quicprochat/testkit';
import { Client } from '../../src/api/client.ts';
import type { Conversation } from '../../src/api/conversation.ts';
import { sqliteStorage } from '../../src/storage/sqlite.ts';
import { FailingNetwork } from './failing-network.ts';
import { MeasuredWorkers, type ProcessMemory } from '../support/memory.ts';
import { SoakRecord } from './record.ts';

const MINUTES = Number(process.env['QPC_SOAK_MINUTES'] ?? 60);
const SEED = Number(process.env['QPC_SEED'] ?? 1);
const MEMBERS = [0, 1, 2, 3, 4, 5, 6, 7];
/** The members of each conversation, its founder first. */
const CONVERSATIONS = [MEMBERS, [1, 2, 4, 6, 7], [5, 3, 0]];
const MESSAGES_PER_SECOND = 3;
const SHARE_OF_FAULTS = 0.01;
const MINUTE_MS = 60_000;
const LONGEST_WAIT_MS = 60_000;
/** The first comes after half of this, so that even the shortest run has one. */
const RESTART_EVERY_MS = Math.min(2, MINUTES) * MINUTE_MS;
const MEASURED_EVERY_MINUTES = Math.min(10, MINUTES / 2);
const MOST_GROWTH = 1.1;
/** In shorter runs, code is still being compiled, and growth says nothing. */
const JUDGED_FROM_MINUTES = 20;
const MIB = 1024 * 1024;

const rng = new Rng(SEED);
const record = new SoakRecord();
const workers = new MeasuredWorkers();
const networks = MEMBERS.map((member) => new FailingNetwork(new Rng(SEED * MEMBERS.length + member)));
const restarts = { SIGTERM: 0, SIGKILL: 0 };
const problems: string[] = [];
const stop = new AbortController();
let unsettled = 0;

const folder = await mkdtemp(join(tmpdir(), 'qpc-soak-'));
// All members call from one address.
const relay = await startRelay({ env: { QPC_RATE_FACTOR: String(MEMBERS.length) } });
// Whatever ends this program ends the relay, too.
process.once('SIGTERM', () => process.exit(1));
process.once('exit', () => void relay.kill());
const clients = await Promise.all(MEMBERS.map(open));
const views = await Promise.all(CONVERSATIONS.map(found));
const showing = views.flatMap((members, conversation) =>
  [...members].map(([reader, view]) => show(view, { reader, conversation })),
);
for (const network of networks) network.share = SHARE_OF_FAULTS;
const startMs = performance.now();
const background = [restartAgainAndAgain(), watch()];
const measured: ProcessMemory[] = [];
for (let minute = MEASURED_EVERY_MINUTES; minute <= MINUTES; minute += MEASURED_EVERY_MINUTES)
  measured.push(await soakUntil(minute * MINUTE_MS));
stop.abort();
await Promise.all(background);
for (const network of networks) network.share = 0;
await compareViews();
await Promise.all(clients.map((client) => client.close()));
await Promise.all(showing);
await relay.kill();
for (const each of [folder, relay.folder]) await rm(each, { recursive: true });
report();

function open(member: number): Promise<Client> {
  return Client.create({
    relay: relay.url,
    handle: `member-${member}`,
    storage: sqliteStorage(join(folder, `${member}.db`)),
    worker: () => workers.start(),
    platform: networks[member]!.platform,
  });
}

/** Each member's view of a new conversation. */
async function found([founder = 0, ...others]: number[]): Promise<Map<number, Conversation>> {
  const { id } = await clients[founder]!.conversations.create({
    members: others.map((other) => clients[other]!.handle),
  });
  const views = new Map<number, Conversation>();
  for (const member of [founder, ...others]) {
    const { conversations } = clients[member]!;
    await eventually('a member is in the conversation', () =>
      conversations.list().some((each) => each.id === id),
    );
    views.set(member, conversations.find(id));
  }
  return views;
}

/** Notes what a member shows, as an app would show it. */
async function show(view: Conversation, place: { reader: number; conversation: number }): Promise<void> {
  for await (const { own, content } of view.messages()) {
    if (content.type === 'text' && !own)
      record.show(numberIn(content.text), { ...place, nowMs: performance.now() });
    if (content.type === 'undecryptable' || content.type === 'copied')
      problems.push(`member ${place.reader} shows a line "${content.type}"`);
  }
}

/** Lets members write until this time. Then nobody writes until all is shown, and the memory is measured. */
async function soakUntil(atMs: number): Promise<ProcessMemory> {
  while (elapsedMs() < atMs) {
    sendOne();
    await sleep((2_000 * rng.below(1_000)) / 1_000 / MESSAGES_PER_SECOND);
  }
  const isQuiet = () => unsettled === 0 && record.oldestOpen(performance.now()) === undefined;
  await eventually('all messages are shown', isQuiet, { timeoutMs: 5 * MINUTE_MS }).catch((error: unknown) =>
    problems.push(String(error)),
  );
  const memory = await workers.memory();
  console.log(`minute ${(elapsedMs() / MINUTE_MS).toFixed(1)}, collected: ${inWords(memory)}`);
  return memory;
}

function sendOne(): void {
  const conversation = rng.below(CONVERSATIONS.length);
  const sender = rng.pick(CONVERSATIONS[conversation]!);
  const others = CONVERSATIONS[conversation]!.filter((member) => member !== sender);
  const number = record.send(sender, others, performance.now());
  unsettled++;
  views[conversation]!.get(sender)!
    .send(`${number} ${'x'.repeat(rng.below(400))}`)
    .catch((error: unknown) => problems.push(`message ${number} was refused: ${String(error)}`))
    .finally(() => unsettled--);
}

async function restartAgainAndAgain(): Promise<void> {
  // Not while the last messages are waited for: a busy machine may need longer to start a relay than a short run lasts.
  for (let next = RESTART_EVERY_MS / 2; next < MINUTES * MINUTE_MS; next += RESTART_EVERY_MS) {
    if (!(await passed(next))) return;
    const isEven = restarts.SIGTERM === restarts.SIGKILL;
    await (isEven ? relay.kill() : relay.stop());
    restarts[isEven ? 'SIGKILL' : 'SIGTERM']++;
    await relay.start();
  }
}

/** Tells each minute how it goes, and of each message at once that waits too long. */
async function watch(): Promise<void> {
  let told = -1;
  for (let seconds = 1; await passed(seconds * 1_000); seconds++) {
    const open = record.oldestOpen(performance.now());
    if (open !== undefined && open.waitsMs > LONGEST_WAIT_MS / 2 && open.number !== told) {
      told = open.number;
      const states = MEMBERS.map((member) => `${member} ${clients[member]!.connection}`).join(', ');
      console.log(
        `message ${open.number} of member ${open.sender} waits for members ${open.readers.join(', ')} since ${open.waitsMs.toFixed(0)} ms: ${states}`,
      );
    }
    if (seconds % 60 === 0) console.log(`minute ${seconds / 60}: ${progress()}`);
  }
}

/** Whether this much time has passed before the end. */
async function passed(atMs: number): Promise<boolean> {
  await sleep(Math.max(0, atMs - elapsedMs()), undefined, { signal: stop.signal }).catch(() => undefined);
  return !stop.signal.aborted;
}

/** In the end, all have the same messages, each sender's in the same order, and are in the same epoch with the same keys. */
async function compareViews(): Promise<void> {
  for (const [conversation, members] of views.entries()) {
    const of = `conversation ${conversation}`;
    const states = new Set<string>();
    const texts = new Set<string>();
    for (const [member, view] of members) {
      await clients[member]!.sync();
      const { epoch, epochAuthenticator } = view.security;
      states.add(`${view.state} ${epoch} ${epochAuthenticator}`);
      texts.add(await numbersOf(view));
    }
    if (states.size !== 1) problems.push(`${of} ended in different states: ${[...states].join('; ')}`);
    if (texts.size !== 1) problems.push(`${of} has other messages, or another order, for some members`);
    console.log(`${of}: ${[...states].join('; ')}`);
  }
}

/** The numbers of the messages in a history, by sender: between senders, each device has an order of its own. */
async function numbersOf(view: Conversation): Promise<string> {
  const numbers = MEMBERS.map((): number[] => []);
  for (let after = -1; ;) {
    const lines = await view.history({ after, limit: 500 });
    if (lines.length === 0) return numbers.map((each) => each.join(' ')).join('; ');
    for (const { content, position } of lines) {
      after = position;
      if (content.type !== 'text') continue;
      const number = numberIn(content.text);
      numbers[record.senderOf(number)]!.push(number);
    }
  }
}

function numberIn(text: string): number {
  return Number(text.split(' ')[0]);
}

function report(): void {
  const waits = record.waits();
  const at = (share: number) =>
    `${waits[Math.min(waits.length - 1, Math.floor(waits.length * share))]?.toFixed(0)} ms`;
  const longest = waits.at(-1) ?? 0;
  console.log(progress());
  console.log(
    `from send() until everyone has shown it: median ${at(0.5)}, 90 % ${at(0.9)}, 99 % ${at(0.99)}, 99.9 % ${at(0.999)}, longest ${at(1)}`,
  );
  if (longest > LONGEST_WAIT_MS) problems.push(`a message waited ${longest.toFixed(0)} ms`);
  for (const part of ['main', 'workers', 'wasm'] as const) {
    const growth = measured.at(-1)![part] / measured[0]![part];
    console.log(`memory of ${part}: ${growth.toFixed(3)} times`);
    if (MINUTES >= JUDGED_FROM_MINUTES && growth > MOST_GROWTH)
      problems.push(`the memory of ${part} grew ${growth.toFixed(3)} times`);
  }
  problems.push(...record.problems);
  if (record.count === 0 || restarts.SIGKILL === 0) problems.push('nothing happened');
  for (const problem of problems) console.log(`PROBLEM: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function progress(): string {
  const calls = networks.reduce((sum, network) => sum + network.calls, 0);
  const faults = new Map<string, number>();
  for (const network of networks)
    for (const [way, count] of network.faults) faults.set(way, (faults.get(way) ?? 0) + count);
  const ways = [...faults].map(([way, count]) => `${way} ${count}`).join(', ');
  const heap = `${(process.memoryUsage().heapUsed / MIB).toFixed(0)} MiB`;
  return `${record.count} messages, ${calls} calls (failed: ${ways}), relay stopped ${restarts.SIGTERM} times and killed ${restarts.SIGKILL}, heap ${heap}`;
}

function inWords({ main, workers: ofWorkers, wasm, rss }: ProcessMemory): string {
  const parts = { 'heap of the main thread': main, 'of the workers': ofWorkers, wasm, rss };
  return Object.entries(parts)
    .map(([name, bytes]) => `${name} ${(bytes / MIB).toFixed(2)} MiB`)
    .join(', ');
}

function elapsedMs(): number {
  return performance.now() - startMs;
}
