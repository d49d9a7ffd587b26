import type {
  AccessSignature,
  CommitEffect,
  DeviceIdentity,
  GroupTimes,
  KeyPackageOwner,
  Member as CoreMember,
  Removal,
  StoreRecord,
  StoreWrite,
  WelcomeBundle,
} from '@quicprochat/core-wasm/bundled';
import type { CipherSuite } from '@quicprochat/protocol';
import type { StoredRow } from '../storage/storage.ts';

/**
 * What the main thread and the worker say to each other: one discriminated union, from which the names, inputs and
 * results are extracted, so that the two sides cannot drift apart. Only plain values cross (structured clone).
 */

export type {
  AccessSignature,
  CommitEffect,
  CoreMember,
  DeviceIdentity,
  KeyPackageOwner,
  Removal,
  StoreRecord,
  StoreWrite,
  WelcomeBundle,
};

export interface Identity {
  handle: string;
  deviceId: Uint8Array;
  accountKey: Uint8Array;
  deviceKey: Uint8Array;
  deviceCertificate: Uint8Array;
}

/** Everything that the SDK wants to know about a group after anything happened to it. */
export interface GroupState extends GroupTimes {
  groupId: Uint8Array;
  epoch: number;
  suite: CipherSuite;
  epochAuthenticator: Uint8Array;
  accessKey: Uint8Array;
  active: boolean;
  members: CoreMember[];
  hasPendingCommit: boolean;
  hasPendingProposals: boolean;
  /** Whether every member has asked to leave, this one included: then nobody is left who could commit that. */
  deserted: boolean;
}

/** A staged commit, on its way to the relay. `epoch` is the one that it ends. */
export interface StagedBundle {
  epoch: number;
  commit: Uint8Array;
  welcome: WelcomeBundle | undefined;
  nextAccessKey: Uint8Array;
}

/** What a message from the group's log turned out to be. Commits are merged before this is told. */
export type Processed =
  | { kind: 'application'; sender: CoreMember; epoch: number; plaintext: Uint8Array }
  | { kind: 'proposal'; sender: CoreMember; epoch: number; removed: CoreMember | undefined }
  | {
      kind: 'commit';
      sender: CoreMember;
      epoch: number;
      added: CoreMember[];
      removed: Removal[];
      selfRemoved: boolean;
    }
  /** Our own pending commit, which the SDK knows by its entry's id and merges by `group.merge`. Nothing was done. */
  | { kind: 'own-commit' };

/** What one of several messages turned out to be, or why it could not be opened. */
export type Opened = Processed | { kind: 'failed'; error: Failure };

interface UpdatePolicy {
  afterMessages: number;
  afterMs: number;
  hardStopMs: number;
}

/** A call on one group. */
interface OnGroup {
  groupId: Uint8Array;
}

/** Every call, by name: what goes in, and what comes out. */
export interface Calls {
  'worker.initialize': { data: { wasm: string }; result: { errorCodes: string[] } };
  /** Needs no client. The memory that this takes is only given back when the worker ends. */
  'worker.keyOfPassphrase': {
    data: {
      passphrase: Uint8Array;
      salt: Uint8Array;
      cost: { memoryKib: number; passes: number; lanes: number };
    };
    result: Uint8Array;
  };
  'client.create': { data: { handle: string; storeKey: Uint8Array }; result: Identity };
  /** Of the client's own records. Groups are loaded by `group.load`. Writes: the end of erasable keys that seal nothing. */
  'client.open': { data: { storeKey: Uint8Array; records: StoreRecord[] }; result: Identity };
  /** What other processes have written since this client's state. If it is refused, nothing has changed. */
  'client.takeOver': { data: { changes: StoreWrite[] }; result: undefined };
  /** The group that a Welcome is for. `group.join` needs that group in memory if the client has it. */
  'client.groupOfWelcome': { data: { secrets: Uint8Array; shared: Uint8Array }; result: Uint8Array };
  'client.identity': { data: Record<string, never>; result: Identity };
  'client.policy': { data: UpdatePolicy; result: undefined };
  'client.sign': { data: { transcript: Uint8Array }; result: Uint8Array };
  'client.keyPackages': {
    data: { suite: CipherSuite; count: number; lastResort: boolean; nowMs: number };
    result: { keyPackages: Uint8Array[]; lastResort: Uint8Array | undefined };
  };
  'client.forgetExpiredKeyPackages': { data: { nowMs: number }; result: number };
  'client.inspectKeyPackage': {
    data: { keyPackage: Uint8Array; suite: CipherSuite; nowMs: number };
    result: KeyPackageOwner;
  };
  'client.safetyNumber': { data: { handle: string; accountKey: Uint8Array }; result: string };
  /** The key ring of the storage of this name; undefined if it cannot be kept where the worker can overwrite it. */
  'ring.rows': { data: { name: string }; result: StoredRow[] | undefined };
  'ring.put': { data: { name: string; rows: readonly StoredRow[] }; result: undefined };
  'ring.erase': { data: { name: string; keys: readonly string[] }; result: undefined };
  'group.create': { data: OnGroup & { suite: CipherSuite; nowMs: number }; result: GroupState };
  'group.join': {
    data: { secrets: Uint8Array; shared: Uint8Array; nowMs: number };
    result: { group: GroupState; inviter: DeviceIdentity };
  };
  /** Takes a group into memory, from all of its records. Writes: the end of erasable keys that seal nothing. */
  'group.load': { data: OnGroup & { records: StoreRecord[] }; result: undefined };
  /** Wipes a group from memory. */
  'group.unload': { data: OnGroup; result: undefined };
  'group.state': { data: StateQuery; result: StateReport };
  'group.forget': { data: OnGroup; result: undefined };
  /** Gives up a group that does not load. Whoever stores the writes deletes its records with them. */
  'group.abandon': { data: OnGroup; result: undefined };
  /** Signs for any group that has been in memory since the client was opened; `GROUP_NOT_LOADED` otherwise. */
  'group.sign': { data: OnGroup & { transcript: Uint8Array }; result: AccessSignature };
  /** Encrypts the plaintexts in order, up to the one with which healing falls due; none if it is overdue. */
  'group.encrypt': { data: OnGroup & { plaintexts: Uint8Array[]; nowMs: number }; result: Uint8Array[] };
  'group.leave': { data: OnGroup; result: Uint8Array };
  'group.add': { data: OnGroup & { keyPackages: Uint8Array[]; nowMs: number }; result: StagedBundle };
  'group.remove': { data: OnGroup & { leafIndexes: number[]; nowMs: number }; result: StagedBundle };
  'group.selfUpdate': { data: OnGroup & { nowMs: number }; result: StagedBundle };
  'group.commitProposals': { data: OnGroup & { nowMs: number }; result: StagedBundle };
  'group.merge': {
    data: OnGroup & { nowMs: number };
    result: CommitEffect & { active: boolean };
  };
  'group.clear': { data: OnGroup; result: undefined };
  'group.markStuck': { data: OnGroup & { commit: Uint8Array; nowMs: number }; result: undefined };
  /** Opens messages in order, none of which may be a commit. One that cannot be opened does not stop the others. */
  'group.open': { data: OnGroup & { messages: Uint8Array[]; nowMs: number }; result: Opened[] };
  /** `nextAccessKey` is what a commit was announced with; without one, no commit is taken. */
  'group.process': {
    data: OnGroup & { message: Uint8Array; nextAccessKey: Uint8Array | undefined; nowMs: number };
    result: Processed;
  };
}

export type CallName = keyof Calls;
export type CallData<Name extends CallName> = Calls[Name]['data'];
export type CallResult<Name extends CallName> = Calls[Name]['result'];

/** Which group's state to tell after a call. The members cross only if its epoch is another one than `knownEpoch`. */
export interface StateQuery extends OnGroup {
  knownEpoch: number | undefined;
}

/** The state of a group, without its members if its epoch is the known one: a commit alone changes them. */
export type StateReport = Omit<GroupState, 'members'> & { members: CoreMember[] | undefined };

/** Main thread to worker. `report` asks for the state of a group after the call, in the same answer. */
export type Request = {
  [Name in CallName]: { id: number; name: Name; data: CallData<Name>; report?: StateQuery | undefined };
}[CallName];

/**
 * Worker to main thread. `writes` is what the call changed in the core's state. A failed core method changes nothing;
 * `dirty` tells that a call of several methods failed half way, so that the worker must be opened anew from the store.
 */
export type Response =
  | { id: number; ok: true; result: unknown; writes: StoreWrite[]; report?: StateReport | undefined }
  | { id: number; ok: false; error: Failure; dirty: boolean };

/** Why a call failed. */
export interface Failure {
  code: string;
  message: string;
  /** Where the core should have been, if it could not be loaded. */
  address?: string;
  /** The core has panicked or run out of stack or memory: it answers nothing any more. */
  isOfBrokenCore?: boolean;
}
