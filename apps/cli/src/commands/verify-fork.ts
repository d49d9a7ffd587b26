import { readFile } from 'node:fs/promises';
import { findFork, parseLogStatement, type Fork, type LogStatement } from '@quicprochat/sdk';
import type { Command } from '../command.ts';
import { CliError } from '../exit.ts';

export const verifyFork: Command = {
  usage: 'verify-fork FILE [OTHER]',
  summary: 'prove from what a relay has signed, for one member or two, that it showed two logs of one group',
  details:
    'Each file is what `qpc receipts CONVERSATION --json` gave a member. With --json: {receiptKey, groupId, receipts}, the two\n' +
    'receipts that no honest relay signs both. Where they prove nothing, it fails with NOT_PROVEN, which is no acquittal:\n' +
    'receipts of different sequences say nothing about each other.',

  run: async ({ words, output }) => {
    const statements = await Promise.all(words.map(read));
    const fork = await findFork(statements);
    if (fork === undefined)
      throw new CliError('NOT_PROVEN', 'These receipts do not prove that the relay showed two logs.');
    await output.result({ ...fork }, ...linesOf(fork));
  },
};

/** @throws {CliError} CONFIG */
async function read(path: string): Promise<LogStatement> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CliError('CONFIG', `There is no file ${path} that can be read.`);
  });
  try {
    return parseLogStatement(text);
  } catch {
    throw new CliError('CONFIG', `${path} does not hold what \`qpc receipts --json\` prints.`);
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
