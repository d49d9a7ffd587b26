import type { Client } from '@quicprochat/sdk';
import type { Command, Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { clean, table } from '../output.ts';
import { withClient, withStoredClient } from '../with-client.ts';

const SUITES: Record<string, 0x0001 | 0x0003 | 0x004f> = { hybrid: 0x004f, classic: 0x0003 };

export const conversations: Command = {
  usage: 'conversations [create]',
  summary: 'list your conversations, or create one',
  words: { min: 0, max: 1 },
  options: {
    name: { type: 'string', help: 'the new conversation’s name' },
    with: { type: 'string', help: 'the handles to add, with commas between' },
    suite: { type: 'string', help: 'hybrid (post-quantum, the default) or classic' },
  },

  async run(context) {
    const [action] = context.words;
    if (action === undefined) return withStoredClient(context, (client) => list(context, client));
    if (action === 'create') return withClient(context, (client) => create(context, client));
    throw new CliError('USAGE', 'Use it so: qpc conversations [create --name NAME --with A,B]');
  },
};

async function list({ output }: Context, client: Client): Promise<void> {
  const rows = client.conversations.list().map(({ id, name, state, epoch, unread }) => ({
    conversation: id,
    name,
    state,
    epoch,
    unread,
  }));
  const lines = rows.map((row) => [row.conversation, row.state, `${row.unread} new`, clean(row.name)]);
  output.result({ conversations: rows }, lines.length === 0 ? 'No conversations yet.' : table(lines));
}

async function create({ output, options, signal }: Context, client: Client): Promise<void> {
  const suite = options['suite'] === undefined ? undefined : SUITES[String(options['suite'])];
  if (options['suite'] !== undefined && suite === undefined) {
    throw new CliError('USAGE', '--suite is hybrid or classic.');
  }
  const handles = String(options['with'] ?? '').split(',');
  const members = handles.map((handle) => handle.trim()).filter((handle) => handle !== '');
  const name = String(options['name'] ?? '');
  const { id } = await client.conversations.create({
    name,
    members,
    signal,
    ...(suite !== undefined && { suite }),
  });
  output.result({ conversation: id }, id);
}
