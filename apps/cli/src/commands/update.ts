import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const update: Command = {
  usage: 'update CONVERSATION',
  summary: 'make fresh keys now: whoever copied the old ones is locked out',
  words: { min: 1, max: 1 },

  run: (context) =>
    withClient(context, async (client) => {
      const { epoch } = await client.conversations
        .find(context.words[0] ?? '')
        .heal({ signal: context.signal });
      context.output.result({ epoch }, `Fresh keys since epoch ${epoch}.`);
    }),
};
