/** A device in a script, whichever implementation it runs on. Devices are named by their account's handle. */

export type Implementation = 'ours' | 'ts-mls';

/** The cipher suites that both implementations have. (Their 0x004F is another one than ours.) */
export const SUITES = [0x0001, 0x0003] as const;
export type SuiteNumber = (typeof SUITES)[number];

/** What a commit is for, beside taking along the proposals that are pending. Nothing at all: the committer's update. */
export interface Changes {
  /** Key packages, as `MLSMessage`. */
  add: Uint8Array[];
  remove: string[];
  /** Ids of external PSKs to mix in. The core takes none along with removals. */
  psks?: Uint8Array[];
}

/** A secret that does not come from the group (RFC 9420 §8.4). */
export interface ExternalPsk {
  id: Uint8Array;
  secret: Uint8Array;
}

/** What a joiner gets, in the form of crates/core/src/group/welcome.rs. */
export interface Invitation {
  joiner: Uint8Array;
  shared: Uint8Array;
}

export interface StagedCommit {
  commit: Uint8Array;
  /** One for each key package, in their order. */
  invitations: Invitation[];
}

/** An application message, opened. */
export interface Heard {
  sender: string;
  epoch: bigint;
  plaintext: Uint8Array;
}

export interface Peer {
  readonly name: string;
  readonly implementation: Implementation;

  keyPackage(): Promise<Uint8Array>;
  /** Has a PSK from now on. */
  storePsk(psk: ExternalPsk): Promise<void>;
  /** A group with this device alone. */
  create(groupId: Uint8Array): Promise<void>;
  join(invitation: Invitation): Promise<void>;

  /** Stages a commit; `merge` or `drop` decides on it. */
  stage(changes: Changes): Promise<StagedCommit>;
  merge(): Promise<void>;
  drop(): Promise<void>;
  proposeUpdate(): Promise<Uint8Array>;
  proposeLeaving(): Promise<Uint8Array>;
  /** Takes another's proposal or commit, whole; throws and stays as it was if it is not valid. */
  takeHandshake(message: Uint8Array): Promise<void>;

  encrypt(plaintext: Uint8Array): Promise<Uint8Array>;
  decrypt(message: Uint8Array): Promise<Heard>;

  isMember(): boolean;
  epoch(): bigint;
  epochAuthenticator(): Uint8Array;
  members(): string[];
  free(): void;
}
