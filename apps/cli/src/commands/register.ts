import type { Command } from '../command.ts';
import { CliError } from '../exit.ts';
import { handleFrom, relayFrom } from '../words.ts';

export const register: Command = {
  usage: 'register HANDLE',
  summary: 'create an account in this home; others find you by its handle',
  details: 'With --json: {handle, deviceId, relay}. Registering the same handle again changes nothing.',
  options: {
    relay: { value: 'URL', help: 'the relay’s address (default: QPC_RELAY, or this home’s relay)' },
  },

  async run({ home, output, env, words, options, signal }) {
    const handle = handleFrom(words[0]);
    const typed = options['relay'] as string | undefined;
    const relay = typed === undefined ? (env.QPC_RELAY ?? (await home.relay())) : relayFrom(typed);
    if (relay === undefined)
      throw new CliError('USAGE', 'No relay is given. Pass --relay URL, or set QPC_RELAY.');
    const client = await home.register({ handle, relay, signal });
    const slots = await client.keys.list();
    await client.close();
    const { deviceId } = client;
    if (home.passphrase !== undefined && slots.some(({ kind }) => kind === 'file'))
      await output.note('This home opens by itself, without the passphrase. To lock it, see qpc help keys.');
    await output.result(
      { handle: client.handle, deviceId, relay: client.relay },
      `You are ${client.handle} at ${client.relay}.`,
    );
  },
};
