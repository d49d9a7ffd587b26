import { hex } from '@scure/base';
import type { ConversationRow } from './engine/rows.ts';
import type { CoreMember, GroupState } from './worker/protocol.ts';

/** One device in a conversation. */
export interface Member {
  handle: string;
  /** 32 hex digits. */
  deviceId: string;
  own: boolean;
}

/** How fresh a member's keys are. */
export interface MemberSecurity extends Member {
  accountKey: Uint8Array;
  /** Commits since this member last made fresh keys. */
  keyAgeEpochs: number;
  /** Time since then, by this device's clock; for what happened before it joined, since it joined. */
  keyAgeMs: number;
  /** Whether the person has compared safety numbers with the account that this device belongs to: this account key. */
  verified: boolean;
}

/** The keys in use, as far as a person may want to know. */
export interface Security {
  epoch: number;
  /** The MLS cipher suite's number. */
  suite: number;
  suiteName: string;
  /** Hex. Members who see the same value share one state of the group; compare it by another channel. */
  epochAuthenticator: string;
  /** When this device last made fresh keys here, and in which epoch they began to count. */
  lastHealedAtMs: number;
  lastHealedEpoch: number;
  members: readonly MemberSecurity[];
}

const SUITE_NAMES: Record<number, string> = {
  0x0001: 'X25519, AES-128-GCM, Ed25519',
  0x0003: 'X25519, ChaCha20-Poly1305, Ed25519',
  0x004e: 'X25519 with ML-KEM-768 (post-quantum hybrid), AES-256-GCM, SHA-384, Ed25519',
  0x004f: 'X25519 with ML-KEM-768 (post-quantum hybrid), AES-128-GCM, Ed25519',
};

interface SecurityContext {
  isVerified: (handle: string, accountKey: Uint8Array) => boolean;
  nowMs: number;
}

/** Of a conversation that has ended only the last epoch and the suite are known: its keys are gone. */
export function securityOf(
  row: ConversationRow,
  group: GroupState | undefined,
  { isVerified, nowMs }: SecurityContext,
): Security {
  const epoch = group?.epoch ?? row.epoch;
  const members = (group?.members ?? []).map((member) =>
    memberSecurity(member, { epoch, nowMs, isVerified }),
  );
  const own = group?.members.find((member) => member.own);
  return {
    epoch,
    suite: row.suite,
    suiteName: SUITE_NAMES[row.suite] ?? 'unknown',
    epochAuthenticator: group === undefined ? '' : hex.encode(group.epochAuthenticator),
    lastHealedAtMs: own?.healedAtMs ?? 0,
    lastHealedEpoch: Number(own?.healedEpoch ?? 0),
    members,
  };
}

function memberSecurity(member: CoreMember, context: SecurityContext & { epoch: number }): MemberSecurity {
  return {
    handle: member.handle,
    deviceId: hex.encode(member.deviceId),
    own: member.own,
    accountKey: member.accountKey,
    keyAgeEpochs: context.epoch - Number(member.healedEpoch),
    keyAgeMs: Math.max(0, context.nowMs - member.healedAtMs),
    verified: context.isVerified(member.handle, member.accountKey),
  };
}
