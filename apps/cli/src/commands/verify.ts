import type { Contacts } from '@quicprochat/sdk';
import type { Command, Options } from '../command.ts';
import { CliError } from '../exit.ts';
import { withClient } from '../with-client.ts';
import { handleFrom, safetyNumberFrom } from '../words.ts';

export const verify: Command = {
  usage: 'verify HANDLE',
  summary: 'show the safety number that you share with someone; compare it over another channel',
  details:
    'The number has 60 digits and is the same on both sides. Pass the number that you compared. If it is not the one that\n' +
    'qpc shows now, nothing changes and the command fails with SAFETY_NUMBER_MISMATCH.\n' +
    'With --json: {handle, safetyNumber, verified}.',
  options: {
    'safety-number': { value: 'NUMBER', help: 'both of you see this number: mark the contact as verified' },
    reject: {
      value: 'NUMBER',
      help: 'they see another number: reject the new account key, and keep the earlier one',
    },
  },

  async run(context) {
    const handle = handleFrom(context.words[0]);
    const decision = decisionOf(context.options);
    await withClient(context, async ({ contacts }) => {
      await decision?.(contacts, handle);
      const safetyNumber = await contacts.safetyNumber(handle);
      const [verified, changed] = [contacts.isVerified(handle), contacts.hasChanged(handle)];
      await context.output.result(
        { handle, safetyNumber, verified },
        ...linesOf({ handle, safetyNumber, verified, changed }),
      );
    });
  },
};

type Decision = (contacts: Contacts, handle: string) => Promise<void>;

/** What to do with the number that was compared; undefined if none was passed. */
function decisionOf({ 'safety-number': same, reject }: Options): Decision | undefined {
  if (same !== undefined && reject !== undefined)
    throw new CliError('USAGE', '--safety-number and --reject exclude each other. Pass one of them.');
  if (typeof same === 'string') {
    const safetyNumber = safetyNumberFrom('safety-number', same);
    return (contacts, handle) => contacts.verify(handle, { safetyNumber });
  }
  if (typeof reject === 'string') {
    const safetyNumber = safetyNumberFrom('reject', reject);
    return (contacts, handle) => contacts.reject(handle, { safetyNumber });
  }
  return undefined;
}

interface Shown {
  handle: string;
  safetyNumber: string;
  verified: boolean;
  changed: boolean;
}

function linesOf({ handle, safetyNumber, verified, changed }: Shown): string[] {
  const groups = safetyNumber.match(/\d{5}/g) ?? [];
  const rows = [0, 4, 8].map((start) => `  ${groups.slice(start, start + 4).join(' ')}`);
  if (verified) return [...rows, `${handle} is verified.`];
  return [
    ...rows,
    ...(changed ? [`The account key of ${handle} has changed; this is the number of the new key.`] : []),
    `Not verified. Compare this number with what ${handle} sees. If it is the same:`,
    `  qpc verify ${handle} --safety-number "${groups.join(' ')}"`,
    ...(changed ? ['If it is not:', `  qpc verify ${handle} --reject "${groups.join(' ')}"`] : []),
  ];
}
