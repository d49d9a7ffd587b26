//! The TypeScript types of the records that cross. Rust builds and reads them field by field (`record.rs`).

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
/** A stored record: opaque, and secret until it is sealed. */
export interface StoreRecord {
  key: Uint8Array;
  value: Uint8Array;
}

/**
 * One change of the store, in order. No value deletes. Keys that begin with 5 are those of erasable keys: they seal other
 * records, come first, and are to be kept apart from them, where they can be overwritten.
 */
export interface StoreWrite {
  key: Uint8Array;
  value: Uint8Array | undefined;
  /** The 16-byte id of the group that the record belongs to; undefined for the client's own. */
  group: Uint8Array | undefined;
}

/** A signature of a group's access key. */
export interface AccessSignature {
  /** What the relay knows the current epoch by, 32 bytes. */
  accessKey: Uint8Array;
  /** 64 bytes. */
  signature: Uint8Array;
}

/** When this device has to do something in a group. A time that is over means now, undefined not by time alone. */
export interface GroupTimes {
  /** When an update of this device's keys falls due. */
  updateDueAtMs: number | undefined;
  /** From when encrypt refuses until the keys are updated. */
  updateMustAtMs: number | undefined;
  /** When it is this member's turn to commit the proposals that wait. */
  commitDueAtMs: number | undefined;
}

/** A member, its chain of keys checked. */
export interface Member {
  leafIndex: number;
  handle: string;
  accountKey: Uint8Array;
  deviceId: Uint8Array;
  deviceKey: Uint8Array;
  /** Empty for the sender of an older epoch who is no longer a member. */
  signatureKey: Uint8Array;
  /** The epoch and the time in which its leaf last changed, as seen by this device. */
  healedEpoch: bigint;
  healedAtMs: number;
  own: boolean;
}

/** Whose a device is. */
export interface DeviceIdentity {
  handle: string;
  accountKey: Uint8Array;
  deviceId: Uint8Array;
  deviceKey: Uint8Array;
}

/** Whom a key package belongs to. */
export type KeyPackageOwner = DeviceIdentity;

/** What the devices that a commit adds need to join. */
export interface WelcomeBundle {
  /** What all of them need. To be stored once. */
  shared: Uint8Array;
  /** What each needs of its own, in the order of the key packages. */
  joiners: Uint8Array[];
}

/** A staged commit, to be submitted whole. */
export interface CommitBundle {
  commit: Uint8Array;
  /** For those who were added, if any were. */
  welcome: WelcomeBundle | undefined;
  /** The access key of the epoch that the commit begins. */
  nextAccessKey: Uint8Array;
  /** The epoch that the commit ends. */
  epoch: bigint;
}

/** A member that a commit removes. */
export interface Removal {
  member: Member;
  /** Who proposed it, whoever commits it: the member itself, if it leaves. */
  by: Member;
}

/** What a merged commit of our own has done to the members. */
export interface CommitEffect {
  added: Member[];
  removed: Removal[];
}

/** What a message turned out to be. */
export type Received =
  | { kind: 'application'; sender: Member; epoch: bigint; plaintext: Uint8Array }
  | {
      kind: 'proposal';
      sender: Member;
      epoch: bigint;
      proposal: 'add' | 'update' | 'remove' | 'other';
      removed: Member | undefined;
    }
  | {
      /** Staged: call mergeStagedCommit or discardStagedCommit. */
      kind: 'commit';
      sender: Member;
      /** The epoch that it ends. */
      epoch: bigint;
      added: Member[];
      removed: Removal[];
      updated: Member[];
      selfRemoved: boolean;
      /** Ids of the pre-shared keys that are mixed in. */
      psks: Uint8Array[];
    }
  | {
      /** Our pending commit came back: call mergePendingCommit. */
      kind: 'own-commit';
      epoch: bigint;
    };

/** Where a group stands, and so what the application does next. Of several at once, the one to be settled first. */
export type GroupStatus =
  /** Nothing to do. */
  | { kind: 'active' }
  /** Submit our commit again, then merge or clear it. */
  | { kind: 'commit-pending'; epoch: bigint }
  /** Merge or discard the received commit. */
  | { kind: 'commit-staged' }
  /** Commit the proposals, or wait for another member's commit. */
  | { kind: 'proposals-pending' }
  /** Our own leave waits for another member's commit. Propose it again if one passes it over. */
  | { kind: 'leaving' }
  /** Every member has proposed its own removal, and nobody may commit. Delete the group or reboot it. */
  | { kind: 'deserted' }
  /** Remove those of `revokedMembers`. */
  | { kind: 'members-revoked' }
  /** Members follow different commits. Re-add those of the other side, or reboot the group. */
  | { kind: 'forked'; epoch: bigint }
  /** Ask a member to re-add this device, or reboot the group. */
  | { kind: 'stuck'; epoch: bigint; code: string }
  /** Show the group as left. */
  | { kind: 'removed' };

/** What another member's epoch authenticator says; with 'forked', call markForked. */
export type Agreement = 'agrees' | 'forked' | 'unknown';

/** A group made anew, and the commit that adds its members. */
export interface RebootedGroup {
  group: GroupMember;
  bundle: CommitBundle;
}

export interface Versions {
  core: string;
  openmls: string;
}
";

/// `kind` of `Received`. Words that are enums cross as numbers.
#[wasm_bindgen(private)]
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Application = "application",
    Proposal = "proposal",
    Commit = "commit",
    OwnCommit = "own-commit",
}

/// `proposal` of `Received`.
#[wasm_bindgen(private)]
#[derive(Clone, Copy)]
pub(crate) enum Proposal {
    Update = "update",
    Remove = "remove",
    Other = "other",
}

/// `kind` of `GroupStatus`.
#[wasm_bindgen(private)]
#[derive(Clone, Copy)]
pub(crate) enum StatusKind {
    Active = "active",
    CommitPending = "commit-pending",
    CommitStaged = "commit-staged",
    ProposalsPending = "proposals-pending",
    Leaving = "leaving",
    Deserted = "deserted",
    MembersRevoked = "members-revoked",
    Forked = "forked",
    Stuck = "stuck",
    Removed = "removed",
}

#[wasm_bindgen]
extern "C" {
    /// `StoreRecord` of the types above.
    #[wasm_bindgen(typescript_type = "StoreRecord")]
    pub type StoreRecord;
    #[wasm_bindgen(method, getter, structural)]
    pub(crate) fn key(this: &StoreRecord) -> js_sys::Uint8Array;
    #[wasm_bindgen(method, getter, structural)]
    pub(crate) fn value(this: &StoreRecord) -> js_sys::Uint8Array;

    /// `StoreWrite` of the types above.
    #[wasm_bindgen(typescript_type = "StoreWrite")]
    pub type StoreWrite;
    #[wasm_bindgen(method, getter, structural, js_name = key)]
    pub(crate) fn written_key(this: &StoreWrite) -> js_sys::Uint8Array;
    #[wasm_bindgen(method, getter, structural, js_name = value)]
    pub(crate) fn written_value(this: &StoreWrite) -> Option<js_sys::Uint8Array>;

    /// `Member` of the types above.
    #[wasm_bindgen(typescript_type = "Member")]
    pub type Member;

    /// `KeyPackageOwner` of the types above.
    #[wasm_bindgen(typescript_type = "KeyPackageOwner")]
    pub type KeyPackageOwner;

    /// `DeviceIdentity` of the types above.
    #[wasm_bindgen(typescript_type = "DeviceIdentity")]
    pub type DeviceIdentity;

    /// `GroupStatus` of the types above.
    #[wasm_bindgen(typescript_type = "GroupStatus")]
    pub type GroupStatus;

    /// `Agreement` of the types above.
    #[wasm_bindgen(typescript_type = "Agreement")]
    pub type Agreement;

    /// `RebootedGroup` of the types above.
    #[wasm_bindgen(typescript_type = "RebootedGroup")]
    pub type RebootedGroup;

    /// `CommitBundle` of the types above.
    #[wasm_bindgen(typescript_type = "CommitBundle")]
    pub type CommitBundle;

    /// `CommitEffect` of the types above.
    #[wasm_bindgen(typescript_type = "CommitEffect")]
    pub type CommitEffect;

    /// `Removal` of the types above.
    #[wasm_bindgen(typescript_type = "Removal")]
    pub type Removal;

    /// `Received` of the types above.
    #[wasm_bindgen(typescript_type = "Received")]
    pub type Received;

    /// `GroupTimes` of the types above.
    #[wasm_bindgen(typescript_type = "GroupTimes")]
    pub type GroupTimes;

    /// `AccessSignature` of the types above.
    #[wasm_bindgen(typescript_type = "AccessSignature")]
    pub type AccessSignature;

    /// `Versions` of the types above.
    #[wasm_bindgen(typescript_type = "Versions")]
    pub type Versions;
}
