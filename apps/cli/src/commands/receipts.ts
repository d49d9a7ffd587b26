import type { Receipt } from '@quicprochat/protocol';
import type { Command } from '../command.ts';
import { table } from '../output.ts';
import { withClient } from '../with-client.ts';

export const receipts: Command = {
  usage: 'receipts CONVERSATION',
  summary: 'show what the relay has signed of a conversation’s log, for another member to compare',
  details:
    'With --json: {receiptKey, groupId, receipts: [{branch, sequence, head, signature}]}, which is what verify-fork reads.\n' +
    'Members who see another head for the same sequence were shown another log.',

  run: (context) =>
    withClient(context, async (client) => {
      const { id, statement } = client.conversations.find(context.words[0] ?? '');
      const record = statement ?? { receiptKey: '', groupId: id, receipts: [] };
      await context.output.result({ ...record }, ...linesOf(record.receipts));
    }),
};

function linesOf(receipts: readonly Receipt[]): string[] {
  if (receipts.length === 0) return ['Nothing of this conversation was read from the relay yet.'];
  return table(receipts.map(({ sequence, branch, head }) => [String(sequence), head, branch]));
}
