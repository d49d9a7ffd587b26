import { hex } from '@scure/base';
import type { ConversationRow } from '../state/rows.ts';
import type { CoreMember, GroupState } from '../worker/protocol.ts';

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
  /** The time since then, by this device's clock. If it was before this device joined, the time since it joined. */
  keyAgeMs: number;
  /** Whether the person has verified this account key by comparing safety numbers. */
  verified: boolean;
}

/** What a person may want to know about the keys in use. */
export interface Security {
  epoch: number;
  /** The MLS cipher suite's number. */
  suite: number;
  suiteName: string;
  /** Hex. Members who see the same value share one state of the group. Compare it over another channel. */
  epochAuthenticator: string;
  /** When this device last made fresh keys here. `lastHealedEpoch` is the first epoch that uses them. */
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

/** If the conversation has ended, only the last epoch and the suite are known: its keys are gone. */
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
