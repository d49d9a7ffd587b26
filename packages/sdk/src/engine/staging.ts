import { fromBase64Url, toBase64Url, type DeviceId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import type { GroupState, StagedBundle, WelcomeBundle } from '../worker/protocol.ts';
import { learnContact, requireUnchanged } from './contacts.ts';
import { ownersOf } from './key-package-owners.ts';
import type { OutboxRow, PreparedWelcome } from './rows.ts';
import type { Transaction } from './transaction.ts';

/** Stages the commit for an intent; undefined where there is nothing left to do. */
export async function stage(
  tx: Transaction,
  row: Extract<OutboxRow, { kind: 'commit' }>,
  group: GroupState,
): Promise<{ bundle: StagedBundle; added: DeviceId[] } | undefined> {
  const { intent, conversationId } = row;
  switch (intent.type) {
    case 'heal':
      return { bundle: await tx.callGroup(conversationId, 'group.selfUpdate', {}), added: [] };
    case 'commit-proposals':
      if (!group.hasPendingProposals) return undefined;
      return { bundle: await tx.callGroup(conversationId, 'group.commitProposals', {}), added: [] };
    case 'remove': {
      const leafIndexes = group.members
        .filter(({ handle }) => intent.handles.includes(handle))
        .map(leafIndexOf);
      if (leafIndexes.length === 0) return undefined;
      return { bundle: await tx.callGroup(conversationId, 'group.remove', { leafIndexes }), added: [] };
    }
    case 'add': {
      const present = new Set(group.members.map(({ deviceId }) => hex.encode(deviceId)));
      const missing = intent.claimed.filter(({ deviceId }) => !present.has(deviceId));
      if (missing.length === 0) return undefined;
      // Checked again, since they may have been claimed long ago: the person may have rejected a key meanwhile.
      for (const { handle, accountKey } of await ownersOf(tx, missing, group.suite))
        requireUnchanged(learnContact(tx, handle, accountKey), accountKey);
      const keyPackages = missing.map(({ keyPackage }) => fromBase64Url(keyPackage));
      const bundle = await tx.callGroup(conversationId, 'group.add', { keyPackages });
      return { bundle, added: missing.map(({ deviceId }) => deviceId) };
    }
  }
}

/** Whose secrets are whose: the core gives them in the order of the key packages that it was given. */
export function welcomeFor(added: DeviceId[], { shared, joiners }: WelcomeBundle): PreparedWelcome {
  if (joiners.length !== added.length)
    throw new Error('a Welcome does not match the devices that were added');
  const own = joiners.map(toBase64Url);
  return {
    shared: toBase64Url(shared),
    joiners: added.map((deviceId, i) => ({ deviceId, secrets: own[i] ?? '' })),
  };
}

function leafIndexOf({ leafIndex }: { leafIndex: number }): number {
  return leafIndex;
}
