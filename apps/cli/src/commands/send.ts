import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';
import { textFrom } from '../words.ts';

export const send: Command = {
  usage: 'send CONVERSATION TEXT',
  summary: 'send a message; ends when the relay has accepted it',
  details:
    'With --json: {id, epoch}. If the relay cannot be reached (exit code 4), the message stays queued. It goes out with the next\n' +
    'command that reaches the relay; do not send it again.',

  async run(context) {
    const { output, signal } = context;
    const [conversation = ''] = context.words;
    const text = textFrom(context.words[1]);
    await withClient(context, async (client) => {
      const { id, epoch } = await client.conversations.find(conversation).send(text, { signal });
      await output.result({ id, epoch }, `Sent, in epoch ${epoch}.`);
    });
  },
};
