import type { ConversationState } from '@quicprochat/sdk';
import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const leave: Command = {
  usage: 'leave CONVERSATION',
  summary: 'ask to leave; another member’s client removes you as soon as it sees the request',
  details:
    'With --json: {state}. The state is leaving until then, and left afterwards.\nIf all members leave, nobody has to confirm it.\nA conversation that is stuck or forked is left on this device alone: the others still have you as a member.',

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
  if (state === 'removed') return 'You were already removed from this conversation.';
  return 'You are leaving. You are out when another member’s client confirms it.';
}
