import { isolated } from '@quicprochat/sdk';
import type { Command } from '../command.ts';
import { CliError } from '../exit.ts';
import { table } from '../output.ts';
import { withClient } from '../with-client.ts';
import { handlesFrom, nameFrom } from '../words.ts';

/** What `--suite` takes. */
export const SUITES: Record<string, 0x0003 | 0x004f> = { hybrid: 0x004f, classic: 0x0003 };

export const listConversations: Command = {
  usage: 'conversations',
  summary: 'list your conversations, latest activity first',
  details: [
    'With --json: {conversations: [{conversation, name, state, epoch, unread}]}. The state is active, leaving, left, removed, stuck or forked.',
    'If a conversation cannot be updated now, its trouble is the code of the error.',
  ].join('\n'),

  run: (context) =>
    withClient(context, async (client) => {
      const conversations = client.conversations.list().map(({ id, name, state, epoch, unread, trouble }) => {
        const row = { conversation: id, name, state, epoch, unread };
        return trouble === undefined ? row : { ...row, trouble: trouble.code };
      });
      const rows = conversations.map(({ conversation, name, state, epoch, unread }) => [
        name === '' ? '(no name)' : isolated(name),
        unread === 0 ? '' : `${unread} new`,
        state,
        `epoch ${epoch}`,
        conversation,
      ]);
      await context.output.result(
        { conversations },
        ...(rows.length === 0
          ? ['No conversations yet. Create one: qpc conversations create --name NAME --with A,B']
          : table(rows)),
      );
    }),
};

export const createConversation: Command = {
  usage: 'conversations create',
  summary: 'create a conversation',
  details: 'With --json: {conversation}, the id.',
  options: {
    name: { value: 'NAME', help: 'the name that all members see' },
    with: { value: 'A,B', help: 'the handles to add, separated by commas' },
    suite: {
      value: 'SUITE',
      help: 'hybrid (post-quantum, the default) or classic; cannot be changed later',
    },
  },

  async run(context) {
    const { options, output, signal } = context;
    const suite = suiteOf(options['suite']);
    const name = nameFrom(options['name'] as string | undefined);
    const members = handlesFrom(options['with'] as string | undefined);
    await withClient(context, async (client) => {
      const created = await client.conversations.create({ name, members, signal, ...(suite && { suite }) });
      const others = members.filter((handle) => handle !== client.handle).join(', ') || 'you alone';
      await output.result(
        { conversation: created.id },
        `Created ${name === '' ? 'a conversation' : `“${isolated(name)}”`} with ${others}: ${created.id}`,
      );
    });
  },
};

/** Checked before anything is opened: a wrong command line must not wait for the network. */
function suiteOf(option: string | boolean | undefined): 0x0003 | 0x004f | undefined {
  if (option === undefined) return undefined;
  const suite = SUITES[String(option)];
  if (suite === undefined) throw new CliError('USAGE', '--suite must be hybrid or classic.');
  return suite;
}
