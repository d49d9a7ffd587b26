import type { Command } from '../command.ts';
import { CliError } from '../exit.ts';

export const register: Command = {
  usage: 'register HANDLE',
  summary: 'make an account in this home, under a handle that others find you by',
  details: 'With --json: {handle, deviceId, relay}. Doing it again with the same handle changes nothing.',
  options: {
    relay: { value: 'URL', help: 'the relay’s address (default: QPC_RELAY, or the one of this home)' },
  },

  async run({ home, output, env, words: [handle = ''], options, signal }) {
    const relay = (options['relay'] as string | undefined) ?? env.QPC_RELAY ?? (await home.relay());
    if (relay === undefined) throw new CliError('USAGE', 'Name the relay: --relay URL, or QPC_RELAY.');
    const client = await home.register({ handle, relay, signal });
    await client.close();
    const { deviceId } = client;
    await output.result(
      { handle: client.handle, deviceId, relay: client.relay },
      `You are ${client.handle} at ${client.relay}.`,
    );
  },
};
