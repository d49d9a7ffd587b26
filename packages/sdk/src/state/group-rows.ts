import { fromBase64Url, toBase64Url, type CipherSuite, type GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import type { CoreMember, GroupState } from '../worker/protocol.ts';

/**
 * What the core says of a group, kept as rows: so a conversation is shown, and found to need nothing, without loading
 * its group into the core.
 */
export interface GroupRow {
  epoch: number;
  suite: CipherSuite;
  epochAuthenticator: string;
  accessKey: string;
  active: boolean;
  hasPendingCommit: boolean;
  hasPendingProposals: boolean;
  deserted: boolean;
  updateDueAtMs?: number | undefined;
  updateMustAtMs?: number | undefined;
  commitDueAtMs?: number | undefined;
}

/** The members, in a row of their own: they change with commits only, and in a large group they are most of it. */
export interface RosterRow {
  members: MemberRow[];
}

interface MemberRow {
  leafIndex: number;
  handle: string;
  accountKey: string;
  deviceId: string;
  deviceKey: string;
  signatureKey: string;
  healedEpoch: number;
  healedAtMs: number;
  own: boolean;
}

export function groupRowOf(group: GroupState): GroupRow {
  const { epoch, suite, active, hasPendingCommit, hasPendingProposals, deserted } = group;
  return {
    epoch,
    suite,
    epochAuthenticator: toBase64Url(group.epochAuthenticator),
    accessKey: toBase64Url(group.accessKey),
    active,
    hasPendingCommit,
    hasPendingProposals,
    deserted,
    updateDueAtMs: group.updateDueAtMs,
    updateMustAtMs: group.updateMustAtMs,
    commitDueAtMs: group.commitDueAtMs,
  };
}

export function rosterRowOf({ members }: GroupState): RosterRow {
  return { members: members.map(memberRowOf) };
}

export function groupStateOf(id: GroupId, row: GroupRow, roster: RosterRow): GroupState {
  return {
    ...row,
    groupId: hex.decode(id),
    epochAuthenticator: fromBase64Url(row.epochAuthenticator),
    accessKey: fromBase64Url(row.accessKey),
    updateDueAtMs: row.updateDueAtMs,
    updateMustAtMs: row.updateMustAtMs,
    commitDueAtMs: row.commitDueAtMs,
    members: membersOf(roster),
  };
}

export function membersOf(roster: RosterRow | undefined): CoreMember[] {
  return (roster?.members ?? []).map(memberOf);
}

function memberRowOf(member: CoreMember): MemberRow {
  return {
    ...member,
    accountKey: toBase64Url(member.accountKey),
    deviceId: toBase64Url(member.deviceId),
    deviceKey: toBase64Url(member.deviceKey),
    signatureKey: toBase64Url(member.signatureKey),
    healedEpoch: Number(member.healedEpoch),
  };
}

function memberOf(row: MemberRow): CoreMember {
  return {
    ...row,
    accountKey: fromBase64Url(row.accountKey),
    deviceId: fromBase64Url(row.deviceId),
    deviceKey: fromBase64Url(row.deviceKey),
    signatureKey: fromBase64Url(row.signatureKey),
    healedEpoch: BigInt(row.healedEpoch),
  };
}
