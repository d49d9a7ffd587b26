import type { Command } from '../command.ts';
import { withClient } from '../with-client.ts';

export const verify: Command = {
  usage: 'verify HANDLE',
  summary: 'show the safety number that you share with someone, to compare it by another channel',
  details: 'With --json: {handle, safetyNumber, verified}. The number is 60 digits, the same on both sides.',
  options: { confirm: { help: 'you have compared it and it is the same: mark as verified' } },

  run: (context) =>
    withClient(context, async ({ contacts }) => {
      const [handle = ''] = context.words;
      const safetyNumber = await contacts.safetyNumber(handle);
      if (context.options['confirm'] === true) await contacts.verify(handle, true);
      const verified = contacts.isVerified(handle);
      await context.output.result(
        { handle, safetyNumber, verified },
        ...linesOf({ handle, safetyNumber, verified }),
      );
    }),
};

function linesOf({
  handle,
  safetyNumber,
  verified,
}: {
  handle: string;
  safetyNumber: string;
  verified: boolean;
}): string[] {
  const groups = safetyNumber.match(/\d{5}/g) ?? [];
  const rows = [0, 4, 8].map((start) => `  ${groups.slice(start, start + 4).join(' ')}`);
  const verdict = verified
    ? `${handle} is verified.`
    : `Not verified. Compare this with what ${handle} sees; where it is the same: qpc verify ${handle} --confirm`;
  return [...rows, verdict];
}
