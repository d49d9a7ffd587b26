import { fromBase64Url, LIMITS, toBase64Url, type DeviceId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { sdkError } from '../model/errors.ts';
import type { GroupState, StagedBundle, WelcomeBundle } from '../worker/protocol.ts';
import { learnContact, requireUnchanged } from '../account/contact-keys.ts';
import { ownersOf } from '../account/key-package-owners.ts';
import type { OutboxRow, PreparedWelcome } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/**
 * Stages the commit for an intent; undefined where there is nothing left to do.
 *
 * @throws {UsageError} GROUP_TOO_LARGE
 */
export async function stage(
  tx: Transaction,
  row: Extract<OutboxRow, { kind: 'commit' }>,
  group: GroupState,
): Promise<{ bundle: StagedBundle; added: DeviceId[] } | undefined> {
  const staged = await stageIntent(tx, row, group);
  if (staged !== undefined) requireFits(staged.bundle);
  return staged;
}

async function stageIntent(
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

/** A relay would refuse it after it was all uploaded: the tree and the path grow with the group. */
function requireFits({ commit, welcome }: StagedBundle): void {
  const shared = welcome?.shared.length ?? 0;
  const secrets = welcome?.joiners.map(({ length }) => length) ?? [];
  const total = commit.length + shared + secrets.reduce((sum, length) => sum + length, 0);
  const fits =
    commit.length <= LIMITS.maxCommitBytes &&
    shared <= LIMITS.maxSharedWelcomeBytes &&
    secrets.every((length) => length <= LIMITS.maxJoinerSecretsBytes) &&
    bodyBytes(total, secrets.length) <= LIMITS.maxBodyBytes;
  if (fits) return;
  throw sdkError(
    'GROUP_TOO_LARGE',
    'This conversation has too many members: the change is larger than a relay accepts. Start a smaller conversation.',
  );
}

/** What a request needs for so many bytes in base64url, and for what stands around them. */
function bodyBytes(payload: number, joiners: number): number {
  return Math.ceil((payload * 4) / 3) + joiners * 128 + 1_024;
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
