import type { Command, Context } from '../command.ts';
import type { Client } from '@quicprochat/sdk';
import { CliError } from '../errors.ts';
import { withClient, withStoredClient } from '../with-client.ts';

export const members: Command = {
  usage: 'members CONVERSATION [add|remove HANDLE]',
  summary: 'show who is in, add someone, or remove someone',
  words: { min: 1, max: 3 },

  async run(context) {
    const [, action, handle] = context.words;
    if (action === undefined) return withStoredClient(context, (client) => list(context, client));
    if ((action !== 'add' && action !== 'remove') || handle === undefined) {
      throw new CliError('USAGE', `Use it so: qpc ${members.usage}`);
    }
    return withClient(context, (client) => change(context, client, { action, handle }));
  },
};

async function list({ output, words: [name = ''] }: Context, client: Client): Promise<void> {
  const handles = [
    ...new Set(
      client.conversations
        .find(name)
        .members.list()
        .map(({ handle }) => handle),
    ),
  ].sort();
  output.result({ members: handles.map((handle) => ({ handle })) }, handles.join('\n'));
}

async function change(
  { output, words: [name = ''], signal }: Context,
  client: Client,
  { action, handle }: { action: 'add' | 'remove'; handle: string },
): Promise<void> {
  const { epoch } = await client.conversations.find(name).members[action]([handle], { signal });
  output.result({ epoch }, `${handle} is ${action === 'add' ? 'in' : 'out'} (epoch ${epoch}).`);
}
