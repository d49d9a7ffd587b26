//! The TypeScript types of the records that cross. Rust builds and reads them field by field (`record.rs`).

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
/** A stored record: opaque, and secret until it is sealed. */
export interface StoreRecord {
  key: Uint8Array;
  value: Uint8Array;
}

/** One change of the store, in order. No value deletes. */
export interface StoreWrite {
  key: Uint8Array;
  value: Uint8Array | undefined;
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

/** Whom a key package belongs to. */
export interface KeyPackageOwner {
  handle: string;
  accountKey: Uint8Array;
  deviceId: Uint8Array;
  deviceKey: Uint8Array;
}

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
      removed: Member[];
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

/** What the update policy says; with 'must', encrypt refuses. */
export type UpdateDue = 'no' | 'due' | 'must';

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

    /// `Member` of the types above.
    #[wasm_bindgen(typescript_type = "Member")]
    pub type Member;

    /// `KeyPackageOwner` of the types above.
    #[wasm_bindgen(typescript_type = "KeyPackageOwner")]
    pub type KeyPackageOwner;

    /// `CommitBundle` of the types above.
    #[wasm_bindgen(typescript_type = "CommitBundle")]
    pub type CommitBundle;

    /// `Received` of the types above.
    #[wasm_bindgen(typescript_type = "Received")]
    pub type Received;

    /// `UpdateDue` of the types above.
    #[wasm_bindgen(typescript_type = "UpdateDue")]
    pub type UpdateDue;

    /// `Versions` of the types above.
    #[wasm_bindgen(typescript_type = "Versions")]
    pub type Versions;
}
