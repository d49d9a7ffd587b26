import type { CipherSuite } from '@quicprochat/protocol';
import type { CommitBundle, GroupMember, GroupTimes } from '@quicprochat/core-wasm/bundled';
import { updateDue } from '../model/due.ts';
import { describe } from './failure.ts';
import type {
  CallData,
  CallName,
  CallResult,
  CoreMember,
  GroupState,
  Opened,
  Processed,
  StagedBundle,
  StateQuery,
  StateReport,
} from './protocol.ts';
import type { Session } from './session.ts';

type GroupCallName = Extract<CallName, `group.${string}`>;
type GroupCalls = { [Name in GroupCallName]: (data: CallData<Name>) => CallResult<Name> };

/** The times of a group that this device is not a member of any more. */
const NEVER: GroupTimes = { updateDueAtMs: undefined, updateMustAtMs: undefined, commitDueAtMs: undefined };

/** The calls that concern one group. Each converts, calls the core and converts back. */
export const groupCalls = (session: Session): GroupCalls => ({
  'group.create': ({ groupId, suite, nowMs }) =>
    stateOf(session.hold(session.client.createGroup(groupId, suite, nowMs))),

  'group.join': ({ secrets, shared, nowMs }) => {
    const group = session.hold(session.client.join(secrets, shared, nowMs));
    const inviter = group.inviter();
    if (inviter === undefined) throw new Error('a group was joined without a Welcome');
    return { group: stateOf(group), inviter };
  },

  'group.load': ({ groupId, records }) => {
    session.hold(session.client.loadGroup(groupId, records));
    session.client.eraseUnusedKeys();
    return undefined;
  },

  'group.unload': ({ groupId }) => {
    session.client.unloadGroup(groupId);
    session.drop(groupId);
    return undefined;
  },

  'group.state': (query) => groupState(session, query),

  'group.forget': ({ groupId }) => {
    session.client.deleteGroup(groupId);
    session.drop(groupId);
    return undefined;
  },

  'group.abandon': ({ groupId }) => {
    session.client.abandonGroup(groupId);
    return undefined;
  },

  'group.sign': ({ groupId, transcript }) => {
    const signed = session.client.signAccess(groupId, transcript);
    if (signed !== undefined) return signed;
    const group = session.group(groupId);
    return { accessKey: group.accessKey(), signature: group.signAccess(transcript) };
  },

  'group.encrypt': ({ groupId, plaintexts, nowMs }) =>
    encryptUntilDue(session.group(groupId), plaintexts, nowMs),

  'group.leave': ({ groupId }) => session.group(groupId).leave(),

  'group.add': ({ groupId, keyPackages, nowMs }) =>
    bundleOf(session.group(groupId).addMembers(keyPackages, nowMs)),

  'group.remove': ({ groupId, leafIndexes, nowMs }) =>
    bundleOf(session.group(groupId).removeMembers(Uint32Array.from(leafIndexes), nowMs)),

  'group.selfUpdate': ({ groupId, nowMs }) => bundleOf(session.group(groupId).selfUpdate(nowMs)),

  'group.commitProposals': ({ groupId, nowMs }) =>
    bundleOf(session.group(groupId).commitPendingProposals(nowMs)),

  'group.merge': ({ groupId, nowMs }) => {
    const group = session.group(groupId);
    const effect = group.mergePendingCommit(nowMs);
    return { ...effect, active: group.isActive() };
  },

  'group.clear': ({ groupId }) => {
    const group = session.group(groupId);
    if (group.hasPendingCommit()) group.clearPendingCommit();
    return undefined;
  },

  'group.markStuck': ({ groupId, commit, nowMs }) => {
    session.group(groupId).markStuck(commit, nowMs);
    return undefined;
  },

  'group.open': ({ groupId, messages, nowMs }) => {
    const group = session.group(groupId);
    return withSharedSenders(
      messages.map((message) => open(group, { message, nextAccessKey: undefined, nowMs })),
    );
  },

  'group.process': ({ groupId, ...entry }) => processAndMerge(session.group(groupId), entry),
});

export function groupState(session: Session, { groupId, knownEpoch }: StateQuery): StateReport {
  const group = session.group(groupId);
  const isKnown = Number(group.epoch()) === knownEpoch;
  return { ...standingOf(group), members: isKnown ? undefined : group.members() };
}

/**
 * Opens one message; a commit is merged at once if it is what it was announced as, since the core's policy has looked at
 * it while it was staged.
 */
function processAndMerge(
  group: GroupMember,
  { message, nextAccessKey, nowMs }: Omit<CallData<'group.process'>, 'groupId'>,
): Processed {
  const received = group.process(message, nowMs);
  switch (received.kind) {
    case 'application':
      return { ...received, epoch: Number(received.epoch) };
    case 'proposal':
      return {
        kind: 'proposal',
        sender: received.sender,
        epoch: Number(received.epoch),
        removed: received.removed,
      };
    case 'commit': {
      const { sender, epoch, added, removed, selfRemoved } = received;
      group.expectAccessKey(nextAccessKey);
      group.mergeStagedCommit(nowMs);
      return { kind: 'commit', sender, epoch: Number(epoch), added, removed, selfRemoved };
    }
    case 'own-commit':
      return { kind: 'own-commit' };
  }
}

/**
 * Stops after the message with which healing falls due, so that it can go before the rest. If it was due before, healing
 * was tried and failed, or the caller does not want to wait for it.
 */
function encryptUntilDue(group: GroupMember, plaintexts: readonly Uint8Array[], nowMs: number): Uint8Array[] {
  const before = updateDue(group.times(), nowMs);
  const messages: Uint8Array[] = [];
  if (before === 'must') return messages;
  for (const plaintext of plaintexts) {
    messages.push(group.encrypt(plaintext, nowMs));
    if (before === 'no' && updateDue(group.times(), nowMs) !== 'no') break;
  }
  return messages;
}

function open(group: GroupMember, entry: Omit<CallData<'group.process'>, 'groupId'>): Opened {
  try {
    return processAndMerge(group, entry);
  } catch (error) {
    return { kind: 'failed', error: describe(error) };
  }
}

/**
 * Names each sender by one object in all of its messages: what crosses to the other thread is copied object by object, and
 * a member has several keys. The leaf alone does not tell who it was: after an epoch another member may have it.
 */
function withSharedSenders(opened: readonly Opened[]): Opened[] {
  const senders = new Map<string, CoreMember>();
  return opened.map((one) => {
    if (one.kind === 'failed' || one.kind === 'own-commit') return one;
    const place = `${one.epoch} ${one.sender.leafIndex}`;
    const sender = senders.get(place) ?? one.sender;
    senders.set(place, sender);
    return { ...one, sender };
  });
}

function stateOf(group: GroupMember): GroupState {
  return { ...standingOf(group), members: group.members() };
}

function standingOf(group: GroupMember): Omit<GroupState, 'members'> {
  const active = group.isActive();
  const hasPendingProposals = group.hasPendingProposals();
  return {
    groupId: group.groupId(),
    epoch: Number(group.epoch()),
    suite: group.suite() as CipherSuite,
    epochAuthenticator: group.epochAuthenticator(),
    accessKey: group.accessKey(),
    active,
    hasPendingCommit: group.hasPendingCommit(),
    hasPendingProposals,
    deserted: active && hasPendingProposals && group.status().kind === 'deserted',
    ...(active ? group.times() : NEVER),
  };
}

function bundleOf({ epoch, commit, welcome, nextAccessKey }: CommitBundle): StagedBundle {
  return { epoch: Number(epoch), commit, welcome, nextAccessKey };
}
