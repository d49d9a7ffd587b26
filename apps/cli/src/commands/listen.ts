import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Conversation, Message } from '@quicprochat/sdk';
import type { Command, Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { clean } from '../output.ts';

export const listen: Command = {
  usage: 'listen [CONVERSATION]',
  summary: 'print what others sent and you have not listened to yet, and then what comes',
  words: { min: 0, max: 1 },
  options: {
    count: { type: 'string', help: 'end after so many messages' },
    timeout: { type: 'string', help: 'end after so many seconds' },
    events: { type: 'boolean', help: 'with --json: print who comes, goes and heals, too' },
  },

  async run(context) {
    const count = numberOf(context, 'count');
    const timeoutMs = numberOf(context, 'timeout') * 1_000;
    const client = await context.home.open({ live: true });
    try {
      await listenTo(client, context, { count, timeoutMs });
    } finally {
      await client.close();
    }
  },
};

/** Prints until enough was printed, the time is over, or the person interrupts. */
async function listenTo(
  client: Client,
  context: Context,
  { count, timeoutMs }: { count: number; timeoutMs: number },
): Promise<void> {
  const [name] = context.words;
  const over = new AbortController();
  const stop = () => {
    over.abort();
  };
  context.signal.addEventListener('abort', stop, { once: true });
  const timer = Number.isFinite(timeoutMs)
    ? sleep(timeoutMs, undefined, { signal: over.signal }).then(stop, () => undefined)
    : undefined;

  const seen = name === undefined ? undefined : await named(client, name, over.signal);
  let printed = 0;
  while (printed < count && !over.signal.aborted) {
    const changed = nextChange(client, over.signal);
    for (const conversation of seen === undefined ? client.conversations.list() : [seen]) {
      printed += await printNew(conversation, context, count - printed);
    }
    if (printed < count) await changed;
  }
  stop();
  await timer;
  if (context.signal.aborted || !Number.isFinite(count) || printed >= count) return;
  if (client.connection !== 'online') throw new CliError('NETWORK', 'The relay cannot be reached.');
  throw new CliError('TIMEOUT', `${printed} of ${count} messages came in time.`);
}

/** The conversation of that name, which may still be on its way here. */
async function named(client: Client, name: string, signal: AbortSignal): Promise<Conversation> {
  for (;;) {
    const changed = nextChange(client, signal);
    const known = client.conversations
      .list()
      .some((conversation) => conversation.id === name || conversation.name === name);
    if (known || signal.aborted) return client.conversations.find(name);
    await changed;
  }
}

/** Prints what stands after the read position, and moves that after each line: nothing is printed twice. */
async function printNew(conversation: Conversation, context: Context, most: number): Promise<number> {
  let printed = 0;
  for (;;) {
    const page = await conversation.history({ after: conversation.readPosition });
    if (page.length === 0) return printed;
    for (const message of page) {
      if (printed >= most) return printed;
      if (print(message, conversation, context)) printed++;
      await conversation.markRead(message.position);
    }
  }
}

function print(message: Message, conversation: Conversation, { output, options }: Context): boolean {
  const { id, from, own, epoch, content } = message;
  if (own) return false;
  switch (content.type) {
    case 'text':
      output.result(
        { id, from, text: content.text, epoch, conversation: conversation.id },
        `${from}  ${clean(content.text)}`,
      );
      return true;
    case 'undecryptable':
      output.result(
        { undecryptable: content.code, conversation: conversation.id },
        `(something came that cannot be opened here: ${content.code})`,
      );
      return true;
    default: {
      if (!output.json || options['events'] === true) {
        output.result(
          { event: content, from, epoch, conversation: conversation.id },
          `* ${eventText(content, from)}`,
        );
      }
      return false;
    }
  }
}

function eventText(
  content: Exclude<Message['content'], { type: 'text' | 'undecryptable' }>,
  from: string,
): string {
  switch (content.type) {
    case 'members-added':
      return `${from} added ${content.handles.join(', ')}`;
    case 'members-removed':
      return `${content.handles.join(', ')} went (by ${from})`;
    case 'left':
      return `${content.handle} left`;
    case 'renamed':
      return `${from} named the conversation ${clean(content.name)}`;
    case 'healed':
      return `${content.handle} made fresh keys`;
  }
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

function numberOf({ options }: Context, name: string): number {
  const text = options[name];
  if (text === undefined) return Infinity;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new CliError('USAGE', `--${name} takes a number above 0.`);
  return value;
}
