import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const leave: Command = {
  usage: 'leave CONVERSATION',
  summary: 'ask to be taken out; another member’s client does it as soon as it hears of it',
  words: { min: 1, max: 1 },

  run: (context) =>
    withClient(context, async (client) => {
      const conversation = client.conversations.find(context.words[0] ?? '');
      await conversation.leave({ signal: context.signal });
      context.output.result({ state: conversation.state }, `Your state in it: ${conversation.state}.`);
    }),
};
