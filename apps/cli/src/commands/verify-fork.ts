import { readFile } from 'node:fs/promises';
import { findFork, parseLogStatement, type Fork, type LogStatement } from '@quicprochat/sdk';
import type { Command } from '../command.ts';
import { CliError } from '../exit.ts';

export const verifyFork: Command = {
  usage: 'verify-fork FILE [OTHER]',
  summary: 'prove from the receipts of one member or two that a relay showed two logs of one group',
  details:
    'Each file holds what `qpc receipts CONVERSATION --json` printed. With --json: {receiptKey, groupId, receipts}, the two\n' +
    'receipts that contradict each other. If they prove nothing, it fails with NOT_PROVEN. The relay may still have shown two\n' +
    'logs: receipts of different sequences cannot be compared.',

  run: async ({ words, output }) => {
    const statements = await Promise.all(words.map(read));
    const fork = await findFork(statements);
    if (fork === undefined)
      throw new CliError(
        'NOT_PROVEN',
        'These receipts do not prove that the relay showed two logs. Compare receipts of the same sequence.',
      );
    await output.result({ ...fork }, ...linesOf(fork));
  },
};

/** @throws {CliError} CONFIG */
async function read(path: string): Promise<LogStatement> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CliError('CONFIG', `The file ${path} does not exist or cannot be read.`);
  });
  try {
    return parseLogStatement(text);
  } catch {
    throw new CliError('CONFIG', `The file ${path} is not the output of \`qpc receipts --json\`.`);
  }
}

function linesOf({ receiptKey, groupId, receipts: [one, other] }: Fork): string[] {
  return [
    `The relay that signs with ${receiptKey} showed two logs of the group ${groupId}.`,
    `For sequence ${one.sequence} it signed both:`,
    `  ${one.head}`,
    `  ${other.head}`,
  ];
}
