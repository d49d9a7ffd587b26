import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const update: Command = {
  usage: 'update CONVERSATION',
  summary: 'heal now: make fresh keys, so that whoever copied the old ones is locked out',
  details:
    'With --json: {epoch}, the one that begins with it. It happens by itself too, by the update policy.',

  run: (context) =>
    withClient(context, async (client) => {
      const [conversation = ''] = context.words;
      const { epoch } = await client.conversations.find(conversation).heal({ signal: context.signal });
      await context.output.result({ epoch }, `Fresh keys, from epoch ${epoch} on.`);
    }),
};
