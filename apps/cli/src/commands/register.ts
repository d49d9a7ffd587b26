import type { Command } from '../command.ts';
import { CliError } from '../errors.ts';

export const register: Command = {
  usage: 'register HANDLE',
  summary: 'make an account in this home, under a handle that others find you by',
  words: { min: 1, max: 1 },
  options: { relay: { type: 'string', help: 'the relay’s address (default: QPC_RELAY)' } },

  async run({ home, output, env, words: [handle = ''], options }) {
    const relay = (options['relay'] as string | undefined) ?? env.QPC_RELAY;
    if (relay === undefined) throw new CliError('USAGE', 'Name the relay: --relay URL, or QPC_RELAY.');
    const client = await home.register(handle, relay);
    await client.close();
    output.result({ handle: client.handle, deviceId: client.deviceId }, `You are ${client.handle}.`);
  },
};
