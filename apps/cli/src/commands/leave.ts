import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const leave: Command = {
  usage: 'leave CONVERSATION',
  summary: 'ask to be taken out; another member’s client does it as soon as it hears of it',
  details: 'With --json: {state}: leaving until then, left afterwards.',

  run: (context) =>
    withClient(context, async (client) => {
      const conversation = client.conversations.find(context.words[0] ?? '');
      await conversation.leave({ signal: context.signal });
      const { state } = conversation;
      const text =
        state === 'left' ? 'You have left.' : 'You are leaving: another member’s client must confirm it.';
      await context.output.result({ state }, text);
    }),
};
