import type { Security } from '@quicprochat/sdk';
import type { Command } from '../command.ts';
import { table } from '../output.ts';
import { ago, localTime } from '../time.ts';
import { withClient } from '../with-client.ts';

export const security: Command = {
  usage: 'security CONVERSATION',
  summary: 'show the epoch, its authenticator, the cipher suite and the age of each member’s keys',
  details:
    'With --json: {epoch, suite, epochAuthenticator, lastHealedAt, members: [{handle, keyAgeEpochs, keyAgeMs}]}.\n' +
    'Members who see the same authenticator share one state of the group. When a conversation has ended, its keys are gone:\n' +
    'epochAuthenticator is empty, lastHealedAt is null and members is empty.',

  run: (context) =>
    withClient(context, async (client) => {
      const current = client.conversations.find(context.words[0] ?? '').security;
      await context.output.result(recordOf(current), ...linesOf(current));
    }),
};

function recordOf({ epoch, suite, epochAuthenticator, lastHealedAtMs, members }: Security) {
  return {
    epoch,
    suite,
    epochAuthenticator,
    lastHealedAt: members.length === 0 ? null : new Date(lastHealedAtMs).toISOString(),
    members: members.map(({ handle, keyAgeEpochs, keyAgeMs }) => ({ handle, keyAgeEpochs, keyAgeMs })),
  };
}

function linesOf({ epoch, suiteName, epochAuthenticator, lastHealedAtMs, members }: Security): string[] {
  if (members.length === 0)
    return [
      `This conversation ended for you in epoch ${epoch}, and its keys are gone.`,
      `Its suite was ${suiteName}.`,
    ];
  const facts = [
    ['epoch', String(epoch)],
    ['authenticator', epochAuthenticator],
    ['suite', suiteName],
    ['last healed', localTime(lastHealedAtMs)],
  ];
  const people = members.map(({ handle, own, keyAgeEpochs, keyAgeMs, verified }) => [
    `  ${handle}`,
    `keys made ${ago(keyAgeMs)}, ${keyAgeEpochs} ${keyAgeEpochs === 1 ? 'epoch' : 'epochs'} back`,
    own ? 'you' : verified ? 'verified' : 'not verified',
  ]);
  return [...table(facts), 'members', ...table(people)];
}
