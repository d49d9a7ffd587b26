import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const leave: Command = {
  usage: 'leave CONVERSATION',
  summary: 'ask to leave; another member’s client removes you as soon as it sees the request',
  details: 'With --json: {state}. The state is leaving until then, and left afterwards.',

  run: (context) =>
    withClient(context, async (client) => {
      const conversation = client.conversations.find(context.words[0] ?? '');
      await conversation.leave({ signal: context.signal });
      const { state } = conversation;
      const text =
        state === 'left'
          ? 'You have left.'
          : 'You are leaving. You are out when another member’s client confirms it.';
      await context.output.result({ state }, text);
    }),
};
