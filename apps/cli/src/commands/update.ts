import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const update: Command = {
  usage: 'update CONVERSATION',
  summary: 'heal now: make fresh keys, which lock out anyone who copied the old ones',
  details: 'With --json: {epoch}, the new epoch. The client also heals by itself, as its update policy says.',

  run: (context) =>
    withClient(context, async (client) => {
      const [conversation = ''] = context.words;
      const { epoch } = await client.conversations.find(conversation).heal({ signal: context.signal });
      await context.output.result({ epoch }, `Fresh keys, from epoch ${epoch} on.`);
    }),
};
