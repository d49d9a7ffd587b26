import type { Receipt } from '@quicprochat/protocol';
import type { Command } from '../command.ts';
import { table } from '../output.ts';
import { withClient } from '../with-client.ts';

export const receipts: Command = {
  usage: 'receipts CONVERSATION',
  summary: 'show the receipts that the relay signed for a conversation’s log, to compare with another member',
  details:
    'With --json: {receiptKey, groupId, receipts: [{branch, sequence, head, signature}]}. verify-fork reads this.\n' +
    'If another member has another head for the same sequence, the relay showed the two of you different logs.',

  run: (context) =>
    withClient(context, async (client) => {
      const { id, statement } = client.conversations.find(context.words[0] ?? '');
      const record = statement ?? { receiptKey: '', groupId: id, receipts: [] };
      await context.output.result({ ...record }, ...linesOf(record.receipts));
    }),
};

function linesOf(receipts: readonly Receipt[]): string[] {
  if (receipts.length === 0) return ['This home has read nothing of this conversation from the relay yet.'];
  return table(receipts.map(({ sequence, branch, head }) => [String(sequence), head, branch]));
}
