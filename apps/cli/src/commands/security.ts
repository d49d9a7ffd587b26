import type { Security } from '@quicprochat/sdk';
import type { Command } from '../command.ts';
import { table } from '../output.ts';
import { withStoredClient } from '../with-client.ts';

export const security: Command = {
  usage: 'security CONVERSATION',
  summary: 'show the epoch, its authenticator, the cipher suite and how fresh everyone’s keys are',
  words: { min: 1, max: 1 },

  run: (context) =>
    withStoredClient(context, async (client) => {
      const current = client.conversations.find(context.words[0] ?? '').security;
      context.output.result(recordOf(current), textOf(current));
    }),
};

function recordOf(current: Security) {
  return {
    epoch: current.epoch,
    suite: current.suite,
    epochAuthenticator: current.epochAuthenticator,
    lastHealedAt: new Date(current.lastHealedAtMs).toISOString(),
    members: current.members.map(({ handle, keyAgeEpochs, keyAgeMs }) => ({
      handle,
      keyAgeEpochs,
      keyAgeMs,
    })),
  };
}

function textOf(current: Security): string {
  const members = current.members.map(({ handle, keyAgeEpochs, keyAgeMs, verified }) => [
    `  ${handle}`,
    `keys ${Math.round(keyAgeMs / 60_000)} min old, ${keyAgeEpochs} epochs`,
    verified ? 'verified' : 'not verified',
  ]);
  return [
    `epoch          ${current.epoch}`,
    `authenticator  ${current.epochAuthenticator}`,
    `suite          ${current.suiteName}`,
    `last healed    ${new Date(current.lastHealedAtMs).toLocaleString()}`,
    table(members),
  ].join('\n');
}
