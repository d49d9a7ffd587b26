import type { ConversationState } from '@quicprochat/sdk';
import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const leave: Command = {
  usage: 'leave CONVERSATION',
  summary: 'ask to be taken out; another member’s client does it as soon as it hears of it',
  details:
    'With --json: {state}: leaving until then, left afterwards. If all members leave, nobody has to confirm it.',

  run: (context) =>
    withClient(context, async (client) => {
      const conversation = client.conversations.find(context.words[0] ?? '');
      await conversation.leave({ signal: context.signal });
      const { state } = conversation;
      await context.output.result({ state }, sentenceFor(state));
    }),
};

function sentenceFor(state: ConversationState): string {
  if (state === 'left') return 'You have left.';
  if (state === 'removed') return 'You were removed from this conversation before.';
  return 'You are leaving: another member’s client must confirm it.';
}
