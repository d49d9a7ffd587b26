import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const send: Command = {
  usage: 'send CONVERSATION TEXT',
  summary: 'send a message; done when the relay has it',
  words: { min: 2, max: 2 },

  run: (context) =>
    withClient(context, async (client) => {
      const [conversation = '', text = ''] = context.words;
      const sent = await client.conversations.find(conversation).send(text, { signal: context.signal });
      context.output.result({ id: sent.id, epoch: sent.epoch }, 'sent');
    }),
};
