import type { Command } from '../command.ts';
import { withStoredClient } from '../with-client.ts';

export const verify: Command = {
  usage: 'verify HANDLE',
  summary: 'show the safety number you share with someone, and note that you have compared it',
  words: { min: 1, max: 1 },
  options: { confirm: { type: 'boolean', help: 'the numbers are the same: mark as verified' } },

  run: (context) =>
    withStoredClient(context, async (client) => {
      const [handle = ''] = context.words;
      const safetyNumber = await client.contacts.safetyNumber(handle);
      if (context.options['confirm'] === true) await client.contacts.verify(handle, true);
      const verified = client.contacts.isVerified(handle);
      const grouped = safetyNumber.replaceAll(/(\d{5})(?=\d)/g, '$1 ');
      context.output.result(
        { handle, safetyNumber, verified },
        `${grouped}\n${verified ? 'verified' : 'not verified'}`,
      );
    }),
};
