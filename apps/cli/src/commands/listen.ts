import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Conversation, Message, QuicprochatError } from '@quicprochat/sdk';
import type { Command, Context } from '../command.ts';
import { CliError, isOffline } from '../exit.ts';
import type { Output } from '../output.ts';
import { sentenceFor } from '../sentences.ts';
import { tellTroubles } from '../with-client.ts';
import { recordOf, textOf } from './message-line.ts';

/** How long the first look at the relay may take. A shorter --timeout does not cut it off: what is there is printed. */
const FIRST_LOOK_MS = 15_000;

/** The longest delay that Node's timers take. */
const MAX_TIMEOUT_S = 2_147_483;

export const listen: Command = {
  usage: 'listen [CONVERSATION]',
  summary: 'print what others sent and this home has not printed yet, then each new line',
  details: [
    'Listens to one conversation, or to all of them, including new ones. With --json: {id, from, text, epoch, conversation}',
    'for a message, and {undecryptable: code, conversation} for a line that did not open. Each line is printed once, over any',
    'number of runs. After a crash, the last line may come again. Two listeners in one home may both print a line.',
    'Ends with 0 when --count is reached, or after --timeout if there is no --count. Ends with 1 (TIMEOUT) if fewer messages',
    'came, with 4 if the relay was never reached or is too new, and with 130 at Ctrl+C. With --timeout, it waits that long for a',
    'conversation that this home does not know yet.',
  ].join('\n'),
  options: {
    count: { value: 'N', help: 'end after N messages; a line that did not open counts too' },
    timeout: { value: 'SECONDS', help: 'end after SECONDS' },
    events: {
      help: 'with --json: also print who joins, leaves, heals or renames: {event, from, epoch, conversation}',
    },
  },

  async run(context) {
    const limits = { count: countOf(context), timeoutMs: timeoutOf(context) };
    const client = await context.home.open({ live: true, signal: context.signal });
    try {
      await listenTo(client, context, limits);
    } finally {
      await client.close();
    }
  },
};

interface Limits {
  count: number;
  timeoutMs: number;
}

/** Prints until enough was printed, the time is over, or the person interrupts. */
async function listenTo(client: Client, context: Context, { count, timeoutMs }: Limits): Promise<void> {
  const ended = new AbortController();
  const over = AbortSignal.any([context.signal, ended.signal]);
  let reached = await firstLook(client, context);
  tellConnection(client, context.output, { isUp: reached });
  tellWhatToDo(client, context.output);
  const timer = Number.isFinite(timeoutMs) ? setTimeout(() => ended.abort(), timeoutMs) : undefined;

  let printed = 0;
  const only = await chosen(client, context, { over, waits: timer !== undefined });
  for (;;) {
    const changed = nextChange(client, over);
    reached ||= client.connection === 'online';
    for (const conversation of only === undefined ? client.conversations.list() : [only]) {
      printed += await printNew(conversation, context, { most: count - printed, over: context.signal });
    }
    if (printed >= count || over.aborted) break;
    requireCurrent(client);
    await changed;
  }
  clearTimeout(timer);
  if (context.signal.aborted || printed >= count) return;
  if (!reached) throw client.trouble ?? notReached(client);
  if (Number.isFinite(count))
    throw new CliError('TIMEOUT', `Only ${printed} of ${count} messages came before the timeout.`);
}

function notReached({ relay }: Client): CliError {
  const sentence = `The relay at ${relay} was not reached before the timeout. Check that it runs and that you are connected, then listen again.`;
  return new CliError('NETWORK', sentence);
}

/** Throws if listening on would be in vain. */
function requireCurrent({ trouble }: Client): void {
  if (needsOtherQpc(trouble)) throw trouble;
}

/** Whether only another version of qpc helps against it. */
function needsOtherQpc(trouble: Client['trouble']): trouble is QuicprochatError {
  return trouble?.code === 'STORE_VERSION' || trouble?.details['update'] === 'app';
}

/** Takes in what the relay has for us. Where it cannot be reached, the live client goes on trying. */
async function firstLook(client: Client, { output, signal }: Context): Promise<boolean> {
  const looking = client.sync({ signal }).then(
    () => true,
    async (error: unknown) => {
      if (await tellTroubles(client, error, output)) return true;
      if (isOffline(error) || signal.aborted) return false;
      throw error;
    },
  );
  const enough = sleep(FIRST_LOOK_MS, false, { signal, ref: false }).catch(() => false);
  const reached = await Promise.race([looking, enough]);
  if (!reached && client.trouble === undefined && !signal.aborted)
    await output.note(`The relay at ${client.relay} cannot be reached. Listening continues when it is back.`);
  return reached;
}

/** Tells a person when the connection is lost and when it is back. If the command ends, its error says why. */
function tellConnection(client: Client, output: Output, { isUp }: { isUp: boolean }): void {
  // A client whose first streams are being opened is not online yet, and has lost nothing.
  let last = isUp ? client.connection : 'lost';
  client.subscribe(() => {
    const { connection, trouble } = client;
    if (needsOtherQpc(trouble)) return;
    if (connection === 'online' && last === 'lost') void output.note('The relay is back.');
    if (connection === 'online') last = 'online';
    if (connection !== 'offline' || last !== 'online') return;
    void output.note(
      `The connection to the relay at ${client.relay} is lost. Listening continues when it is back.`,
    );
    last = 'lost';
  });
}

/** Tells a person what they have to do before anything arrives. */
function tellWhatToDo(client: Client, output: Output): void {
  let last: string | undefined;
  const tell = () => {
    const { trouble } = client;
    if (trouble !== undefined && trouble.code !== last && !needsOtherQpc(trouble))
      void output.note(`${sentenceFor(trouble, client.relay)} Listening continues when that is done.`);
    last = trouble?.code;
  };
  client.subscribe(tell);
  tell();
}

/**
 * The conversation that was named. It may be on its way here, and is waited for until the time is over.
 *
 * @throws {UsageError} CONVERSATION_NOT_FOUND, AMBIGUOUS_NAME
 */
async function chosen(
  client: Client,
  { words: [name], signal }: Context,
  { over, waits }: { over: AbortSignal; waits: boolean },
): Promise<Conversation | undefined> {
  if (name === undefined) return undefined;
  for (;;) {
    const changed = nextChange(client, over);
    const isKnown = client.conversations.list().some((known) => known.id === name || known.name === name);
    if (signal.aborted) return undefined;
    if (isKnown || !waits || over.aborted) return client.conversations.find(name);
    requireCurrent(client);
    await changed;
  }
}

/** Prints what stands after the read position, and moves that after each line: nothing is printed twice. */
async function printNew(
  conversation: Conversation,
  context: Context,
  { most, over }: { most: number; over: AbortSignal },
): Promise<number> {
  let printed = 0;
  for (;;) {
    const page = await conversation.history({ after: conversation.readPosition });
    if (page.length === 0) return printed;
    for (const message of page) {
      if (printed >= most || over.aborted) return printed;
      if (await print(message, conversation, context)) printed++;
      await conversation.markRead(message.position);
    }
  }
}

/** @returns whether it was a message; own ones are not printed, and events do not count */
async function print(message: Message, conversation: Conversation, context: Context): Promise<boolean> {
  const { output, options, words } = context;
  if (message.own) return false;
  const isEvent = !['text', 'undecryptable'].includes(message.content.type);
  if (isEvent && output.json && options['events'] !== true) return false;
  const place = words.length === 0 ? conversation.name || conversation.id : undefined;
  await output.result(recordOf(message), textOf(message, place));
  return !isEvent;
}

function nextChange(client: Client, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = client.subscribe(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

function countOf({ options: { count } }: Context): number {
  if (count === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(String(count))) return Number(count);
  throw new CliError('USAGE', '--count must be a positive integer.');
}

function timeoutOf({ options: { timeout } }: Context): number {
  if (timeout === undefined) return Infinity;
  const seconds = /^\d+(\.\d+)?$/.test(String(timeout)) ? Number(timeout) : NaN;
  if (seconds > 0 && seconds <= MAX_TIMEOUT_S) return seconds * 1_000;
  throw new CliError('USAGE', `--timeout must be a number of seconds above 0 and at most ${MAX_TIMEOUT_S}.`);
}
