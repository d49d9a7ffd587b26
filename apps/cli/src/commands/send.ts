import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const send: Command = {
  usage: 'send CONVERSATION TEXT',
  summary: 'send a message; done when the relay has it',
  details:
    'With --json: {id, epoch}. Where the relay stays away (exit code 4, “it stays queued”), the message goes out with the next\n' +
    'command that reaches it: do not send it again.',

  run: (context) =>
    withClient(context, async (client) => {
      const [conversation = '', text = ''] = context.words;
      const { id, epoch } = await client.conversations
        .find(conversation)
        .send(text, { signal: context.signal });
      await context.output.result({ id, epoch }, `Sent, in epoch ${epoch}.`);
    }),
};
