/**
 * Members that are offline while the others send thousands of messages in many epochs, and then catch up: one is killed
 * again and again, one makes a pass, one is live, and of one the memory is measured. Prints what happened. Ends with exit
 * code 1 if a message is missing, doubled or out of order, if anything is read from an earlier place than was stored, or if
 * memory grows with the number of messages. `pnpm prove offline` runs all of it.
 *
 * QPC_EPOCHS, QPC_MESSAGES   what the others do meanwhile: 1,000 and 10,000 by default
 * QPC_KILLS                  how often one member is killed: 100 by default
 * QPC_SEED                   other moments: 1 by default
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, Rng, startRelay } from '@quicprochat/testkit';
import { Client } from '../../src/api/client.ts';
import type { Conversation } from '../../src/api/conversation.ts';
import { sqliteStorage } from '../../src/storage/sqlite.ts';
import { startReader, type Start } from './member.ts';

const EPOCHS = Number(process.env['QPC_EPOCHS'] ?? 1_000);
const MESSAGES = Number(process.env['QPC_MESSAGES'] ?? 10_000);
const KILLS = Number(process.env['QPC_KILLS'] ?? 100);
const SEED = Number(process.env['QPC_SEED'] ?? 1);
const WRITERS = ['alice', 'bob'];
/** By what each does: see reader.ts. */
const AWAY = { killed: 'carol', pass: 'dave', live: 'erin', measured: 'frank' };
/** In one epoch, one member sends as many messages as this share of all, without a commit in between. */
const SHARE_OF_LONGEST_EPOCH = 0.15;
/** Memory with all messages, compared with that after this share of them. */
const FIRST_MEASURED_SHARE = 0.1;
const MOST_GROWTH = 1.2;
/** With fewer messages, code is still being compiled, growth says nothing, and nothing is measured. */
const JUDGED_FROM_MESSAGES = 5_000;
const IS_MEASURED = MESSAGES >= JUDGED_FROM_MESSAGES;
const NAMES_AWAY = Object.values(AWAY).filter((name) => IS_MEASURED || name !== AWAY.measured);
const MIB = 1024 * 1024;

const rng = new Rng(SEED);
const problems: string[] = [];
const folder = await mkdtemp(join(tmpdir(), 'qpc-offline-'));
const relay = await startRelay();
// Whatever ends this program ends the relay, too.
process.once('SIGTERM', () => process.exit(1));
process.once('exit', () => void relay.kill());
for (const name of NAMES_AWAY) await (await open(name, { live: false })).close();
const writers = await Promise.all(WRITERS.map((name) => open(name, { live: true })));
const views = await found();
for (const name of NAMES_AWAY) {
  const client = await open(name, { live: false });
  await client.sync();
  await client.close();
}
await writeAll();
const lastEpoch = views[0]!.epoch;

await killAgainAndAgain();
const pass = await startReader(argumentsOf('pass'));
tellTime('one pass', pass);
judgeProgress(pass);
tellTime('a live client', await startReader(argumentsOf('live')));
if (IS_MEASURED) judgeMemory(await startReader(argumentsOf('measured')));
for (const name of NAMES_AWAY) await judgeHistory(name);
await Promise.all(writers.map((client) => client.close()));
await relay.kill();
for (const each of [folder, relay.folder]) await rm(each, { recursive: true });
for (const problem of problems) console.log(`PROBLEM: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** The writers heal only when they are told to, so that there are as many epochs as asked for. */
function open(name: string, { live }: { live: boolean }): Promise<Client> {
  const update = WRITERS.includes(name) ? { afterMessages: MESSAGES * 2 } : {};
  return Client.create({
    relay: relay.url,
    handle: name,
    storage: sqliteStorage(databaseOf(name)),
    live,
    update,
  });
}

function databaseOf(name: string): string {
  return join(folder, `${name}.db`);
}

/** The writers' views of a conversation with everyone. */
async function found(): Promise<Conversation[]> {
  const [first, ...others] = writers;
  const members = [...WRITERS.slice(1), ...NAMES_AWAY];
  const { id } = await first!.conversations.create({ members });
  for (const { conversations } of others)
    await eventually('a writer is in the conversation', () => conversations.list().length === 1);
  return writers.map(({ conversations }) => conversations.find(id));
}

/** Within an epoch one member writes, so that the order in which all see the messages is known. */
async function writeAll(): Promise<void> {
  const startMs = performance.now();
  const longest = Math.round(MESSAGES * SHARE_OF_LONGEST_EPOCH);
  const longestEpoch = rng.below(EPOCHS);
  let next = 0;
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const shared = Math.round(((MESSAGES - longest) * (epoch + 1)) / EPOCHS);
    const end = shared + (epoch >= longestEpoch ? longest : 0);
    const view = rng.pick(views);
    const numbers = Array.from({ length: end - next }, (_, i) => next + i);
    await Promise.all(numbers.map((number) => view.send(`${number}`)));
    next = end;
    await rng.pick(views).heal();
  }
  console.log(
    `written in ${inSeconds(performance.now() - startMs)}: ${MESSAGES} messages, ${longest} of them in one epoch, and ${EPOCHS} epochs`,
  );
}

/** Kills a member at random moments: while it starts, asks, opens, stores. Then it may come to the end. */
async function killAgainAndAgain(): Promise<void> {
  const starts: Start[] = [];
  const pagesForEach = Math.floor((2 * EPOCHS) / KILLS);
  for (let kill = 0; kill < KILLS; kill++) {
    const moment = rng.chance(0.2)
      ? { pages: 0, delayMs: rng.below(3_000) }
      : { pages: 1 + rng.below(pagesForEach), delayMs: rng.below(60) };
    starts.push(await startReader(argumentsOf('killed'), moment));
  }
  const killed = starts.filter((events) => !isDone(events)).length;
  starts.push(await startReader(argumentsOf('killed')));
  const cursors = starts.flat().flatMap((event) => (event.type === 'page' ? [event.cursor] : []));
  const pages = new Set(cursors).size;
  console.log(
    `killed ${killed} times while it caught up, of ${KILLS}: ${cursors.length} pages were asked for, ${cursors.length - pages} of them twice`,
  );
  if (killed === 0) problems.push('no kill came before the end');
  if (cursors.some((cursor, i) => cursor < (cursors[i - 1] ?? 0)))
    problems.push('a start asked for what an earlier one had stored');
  // The page that was under way, for each kill; and the end of the log, which is asked for by every start.
  if (cursors.length > pages + starts.length) problems.push('a start asked for pages twice');
}

function argumentsOf(mode: keyof typeof AWAY): string[] {
  const measureEvery = (MESSAGES + EPOCHS) * FIRST_MEASURED_SHARE;
  return [relay.url, databaseOf(AWAY[mode]), mode, String(lastEpoch), String(measureEvery)];
}

function isDone(events: Start): boolean {
  return events.some(({ type }) => type === 'done');
}

function tellTime(who: string, events: Start): void {
  const done = events.find(({ type }) => type === 'done');
  if (done?.type !== 'done') return void problems.push(`${who} did not come to the end`);
  console.log(`${who} caught up in ${inSeconds(done.wallMs)}, ${inSeconds(done.cpuMs)} of the processor`);
}

/** The count grows with every page, up to everything, and then there is none. Members that healed before are read, too. */
function judgeProgress(events: Start): void {
  const told = events.flatMap((event) => (event.type === 'progress' ? [event.entries] : []));
  console.log(
    `it told its progress ${told.length} times: ${told.slice(0, 3).join(', ')} … ${told.slice(-3).join(', ')}`,
  );
  const counts = told.filter((entries) => entries !== 'all');
  const grows = counts.every((entries, i) => entries > (counts[i - 1] ?? 0));
  const isWhole = counts.length >= EPOCHS && counts.at(-1)! >= MESSAGES + EPOCHS && told.at(-1) === 'all';
  if (!grows || !isWhole) problems.push('the progress that was told is not that of reading everything once');
}

function judgeMemory(events: Start): void {
  const measured = events.flatMap((event) => (event.type === 'memory' ? [event] : []));
  for (const part of ['main', 'workers', 'wasm', 'mostRss'] as const) {
    const sizes = measured.map((memory) => memory[part]);
    const growth = Math.max(...sizes) / (sizes[0] ?? 0);
    console.log(
      `memory of ${part} by tenths, in MiB: ${sizes.map((bytes) => (bytes / MIB).toFixed(1)).join(' ')}; ${growth.toFixed(3)} times`,
    );
    if (!(growth <= MOST_GROWTH)) problems.push(`the memory of ${part} grew ${growth.toFixed(3)} times`);
  }
}

/** Every message is there once and in order, everyone who healed is named, and the keys are those of the others. */
async function judgeHistory(name: string): Promise<void> {
  const client = await open(name, { live: false });
  await client.sync();
  const [view] = client.conversations.list();
  let [texts, healed] = [0, 0];
  for (let after = -1; ;) {
    const lines = await view!.history({ after, limit: 500 });
    if (lines.length === 0) break;
    for (const { position, content } of lines) {
      after = position;
      if (content.type === 'text' && content.text === String(texts)) texts++;
      else if (content.type === 'healed') healed++;
      else if (content.type !== 'members-added')
        problems.push(`${name} shows ${JSON.stringify(content)} at ${position}, after ${texts} messages`);
    }
  }
  const theirs = views[0]!;
  await eventually('the writers have read everything', () => theirs.epoch >= view!.epoch);
  await client.sync();
  const isSame = view!.security.epochAuthenticator === theirs.security.epochAuthenticator;
  console.log(`${name}: ${texts} messages, ${healed} times healed, epoch ${view!.epoch}`);
  if (texts !== MESSAGES || healed < EPOCHS || !isSame) problems.push(`${name} is not where the others are`);
  await client.close();
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
