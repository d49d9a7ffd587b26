/* tslint:disable */
/* eslint-disable */

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



/** What every function here throws. The codes are those of coreErrorCodes(). */
export interface CoreError extends Error {
    readonly name: 'CoreError';
    readonly code: string;
}



/**
 * One device of one account: its keys, its key packages, its groups. Owned by the thread that made it.
 */
export class CoreClient {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Gives up a group that does not load. Whoever stores the writes deletes all of the group's records with them.
     */
    abandonGroup(group_id: Uint8Array | number[]): void;
    /**
     * Takes a statement that revokes a device, and tells whose.
     */
    acceptRevocation(statement: Uint8Array | number[]): DeviceIdentity;
    /**
     * Ed25519 public key, 32 bytes.
     */
    accountKey(): Uint8Array;
    /**
     * A new group with this device as its only member. Its id has 16 bytes.
     */
    createGroup(group_id: Uint8Array | number[], suite: number, now_ms: number): GroupMember;
    /**
     * A new account with this as its first device. Its records are sealed with the store key: 32 random bytes.
     */
    static create(handle: string, store_key: Uint8Array | number[]): CoreClient;
    /**
     * Deletes a group that is in memory, all its records, and what handles hold of it.
     */
    deleteGroup(group_id: Uint8Array | number[]): void;
    /**
     * The account key's signature over the device certificate's transcript, 64 bytes.
     */
    deviceCertificate(): Uint8Array;
    /**
     * 16 bytes.
     */
    deviceId(): Uint8Array;
    /**
     * Ed25519 public key, 32 bytes.
     */
    deviceKey(): Uint8Array;
    /**
     * Erases the keys in memory that no record there needs: what is left of writes that were taken and never committed.
     */
    eraseUnusedKeys(): void;
    /**
     * Deletes the private keys of key packages that expired a week ago or longer; says of how many.
     */
    forgetExpiredKeyPackages(now_ms: number): number;
    /**
     * Deletes such a secret, if it is stored.
     */
    forgetPsk(id: Uint8Array | number[]): void;
    /**
     * Single-use key packages to publish, whose lifetime of 84 days begins now.
     */
    generateKeyPackages(suite: number, count: number, now_ms: number): Uint8Array[];
    /**
     * A key package for when the single-use ones have run out, whose lifetime of 84 days begins now.
     */
    generateLastResortKeyPackage(suite: number, now_ms: number): Uint8Array;
    /**
     * The groups of this store, in memory or not, left ones included.
     */
    groupIds(): Uint8Array[];
    /**
     * The group that a Welcome is for, 16 bytes. Does not join it.
     */
    groupOfWelcome(joiner: Uint8Array | number[], shared: Uint8Array | number[]): Uint8Array;
    /**
     * Who a key package belongs to, after every check that adding it now would make.
     */
    inspectKeyPackage(key_package: Uint8Array | number[], suite: number, now_ms: number): KeyPackageOwner;
    /**
     * Whether a group is in memory.
     */
    isLoaded(group_id: Uint8Array | number[]): boolean;
    /**
     * The group of a Welcome, from this device's part and the part that all joiners share.
     */
    join(joiner: Uint8Array | number[], shared: Uint8Array | number[], now_ms: number): GroupMember;
    /**
     * Takes a group into memory, from all of its records written so far, and gives a handle on it. A group that is in
     * memory stays as it is there, and needs no records.
     */
    loadGroup(group_id: Uint8Array | number[], records?: StoreRecord[] | null): GroupMember;
    /**
     * The client of a store, from its key and all of the client's own records written so far: those without a group.
     */
    static open(store_key: Uint8Array | number[], records: StoreRecord[]): CoreClient;
    /**
     * A new group of an old one's suite, with the addition of these members of it staged.
     */
    rebootGroup(old_id: Uint8Array | number[], new_id: Uint8Array | number[], key_packages: Uint8Array[], now_ms: number): RebootedGroup;
    /**
     * Revokes another device of this account, for good: the statement for everyone who may meet it.
     */
    revokeDevice(device_id: Uint8Array | number[], device_key: Uint8Array | number[]): Uint8Array;
    /**
     * The safety number of this account and another: 60 digits, the same for both.
     */
    safetyNumber(other_handle: string, other_account_key: Uint8Array | number[]): string;
    /**
     * Changes when keys must be updated, in all groups.
     */
    setUpdatePolicy(after_messages: number, after_ms: number, hard_stop_ms: number): void;
    /**
     * A signature of the access key of a group's current epoch over exactly these bytes. Undefined for a group that has
     * not been in memory since this client was opened, and for one that this device is not a member of.
     */
    signAccess(group_id: Uint8Array | number[], transcript: Uint8Array | number[]): AccessSignature | undefined;
    /**
     * The device key's signature over exactly these bytes, 64 bytes.
     */
    signAsDevice(transcript: Uint8Array | number[]): Uint8Array;
    /**
     * Stores a secret that members share from somewhere else, for commits and Welcomes that need it. The caller wipes
     * its own copy.
     */
    storePsk(id: Uint8Array | number[], secret: Uint8Array | number[]): void;
    /**
     * Takes over what other processes have written to the store since this client's state, in any order; records that
     * have not changed may be among it. Groups in memory are then as they are now, and so are the handles on them. On an
     * error nothing has changed.
     */
    takeOver(changes: StoreWrite[]): void;
    /**
     * All changes since the last call, of the client and its groups, in order.
     */
    takeWrites(): StoreWrite[];
    /**
     * Wipes a group and all handles on it from memory; they answer `GROUP_NOT_LOADED` from then on. Refuses if it has
     * writes that have not been taken.
     */
    unloadGroup(group_id: Uint8Array | number[]): void;
    /**
     * The account's handle.
     */
    readonly handle: string;
}

/**
 * A seat in a group. Every commit is staged first and counts only when it is merged.
 */
export class GroupMember {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The public key that the relay checks this epoch's posts and reads with, 32 bytes.
     */
    accessKey(): Uint8Array;
    /**
     * Stages a commit that adds the devices of these key packages.
     */
    addMembers(key_packages: Uint8Array[], now_ms: number): CommitBundle;
    /**
     * Compares an epoch's authenticator, as another member has it, with our own.
     */
    agreesAt(epoch: bigint, epoch_authenticator: Uint8Array | number[]): Agreement;
    /**
     * Drops our staged commit and its keys.
     */
    clearPendingCommit(): void;
    /**
     * Stages a commit of all proposals received so far.
     */
    commitPendingProposals(_now_ms: number): CommitBundle;
    /**
     * Stages a commit that mixes in the pre-shared keys of these ids, and adds the devices of these key packages, if any.
     */
    commitPsks(ids: Uint8Array[], key_packages: Uint8Array[], now_ms: number): CommitBundle;
    /**
     * Drops the received commit, as if it had not been opened.
     */
    discardStagedCommit(): void;
    /**
     * Encrypts several application messages, in order: all of them or none.
     */
    encryptAll(plaintexts: Uint8Array[], now_ms: number): Uint8Array[];
    /**
     * Encrypts an application message to the group, padded.
     */
    encrypt(plaintext: Uint8Array | number[], now_ms: number): Uint8Array;
    /**
     * A value that two members share exactly if they agree on everything that happened.
     */
    epochAuthenticator(): Uint8Array;
    /**
     * The epoch of the last merged commit.
     */
    epoch(): bigint;
    /**
     * Holds the received commit to the access key that its sender announced, or drops it.
     */
    expectAccessKey(announced?: Uint8Array | number[] | null): void;
    /**
     * A secret that all members of this epoch share.
     */
    exportSecret(label: string, context: Uint8Array | number[], length: number): Uint8Array;
    /**
     * 16 bytes.
     */
    groupId(): Uint8Array;
    /**
     * Whether a commit of ours awaits the relay's decision.
     */
    hasPendingCommit(): boolean;
    /**
     * Whether proposals await a commit. Nothing can be sent meanwhile.
     */
    hasPendingProposals(): boolean;
    /**
     * Who invited this device; nobody, if it made the group.
     */
    inviter(): DeviceIdentity | undefined;
    /**
     * False once a commit that removed this device is merged.
     */
    isActive(): boolean;
    /**
     * Proposes that this device be removed, for another member to commit.
     */
    leave(): Uint8Array;
    /**
     * Keeps that the group has forked, as another member's authenticator shows.
     */
    markForked(epoch: bigint, epoch_authenticator: Uint8Array | number[]): void;
    /**
     * Keeps that the relay has put a commit in order that this device cannot process.
     */
    markStuck(commit: Uint8Array | number[], now_ms: number): void;
    /**
     * The members, by place in the tree.
     */
    members(): Member[];
    /**
     * Makes our staged commit count: the relay has put it in order. Tells what it has done to the members.
     */
    mergePendingCommit(now_ms: number): CommitEffect;
    /**
     * Makes the received commit count.
     */
    mergeStagedCommit(now_ms: number): void;
    /**
     * This device's place in the tree.
     */
    ownLeafIndex(): number;
    /**
     * Opens a message of the group.
     */
    process(message: Uint8Array | number[], now_ms: number): Received;
    /**
     * Proposes new keys for this leaf, for another member to commit.
     */
    proposeUpdate(): Uint8Array;
    /**
     * The public ratchet tree, as RFC 9420 §12.4.3.3 serializes it.
     */
    ratchetTree(): Uint8Array;
    /**
     * Stages a commit that removes the members of these key packages and adds them again.
     */
    readdMembers(key_packages: Uint8Array[], now_ms: number): CommitBundle;
    /**
     * Stages a commit that removes these leaves.
     */
    removeMembers(leaf_indexes: Uint32Array | number[], _now_ms: number): CommitBundle;
    /**
     * The members whose devices are revoked.
     */
    revokedMembers(): Member[];
    /**
     * Stages a commit that changes nothing but this device's own keys.
     */
    selfUpdate(_now_ms: number): CommitBundle;
    /**
     * The signature of this epoch's access key over exactly these bytes, 64 bytes.
     */
    signAccess(transcript: Uint8Array | number[]): Uint8Array;
    /**
     * What the application does next.
     */
    status(): GroupStatus;
    /**
     * The registered number of the group's cipher suite.
     */
    suite(): number;
    /**
     * When this device has to do something here, as long as nothing else happens to the group.
     */
    times(): GroupTimes;
    /**
     * When the own leaf last changed, by the caller's clock.
     */
    readonly lastHealedAtMs: number;
    /**
     * The epoch in which the own leaf last changed.
     */
    readonly lastHealedEpoch: bigint;
}

/**
 * Every code that an error of this module can carry.
 */
export function coreErrorCodes(): string[];

/**
 * The 16-byte id of the group that the record of this key belongs to; undefined for the client's own records.
 */
export function groupOfRecord(key: Uint8Array | number[]): Uint8Array | undefined;

/**
 * Derives a 32-byte key from a passphrase by Argon2id. Needs no client. The memory that this takes is not given back
 * before the instance ends: WebAssembly's memory does not shrink.
 */
export function keyOfPassphrase(passphrase: Uint8Array | number[], salt: Uint8Array | number[], memory_kib: number, passes: number, lanes: number): Uint8Array;

/**
 * Runs once, when the module is instantiated.
 */
export function start(): void;

/**
 * Panics, for the tests of what follows a panic: this instance is of no use afterwards.
 */
export function unsafeTestingPanic(): void;

/**
 * The versions of the core and of openmls in this artefact.
 */
export function versions(): Versions;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_coreclient_free: (a: number, b: number) => void;
    readonly __wbg_groupmember_free: (a: number, b: number) => void;
    readonly coreErrorCodes: () => [number, number];
    readonly coreclient_abandonGroup: (a: number, b: number, c: number) => [number, number];
    readonly coreclient_acceptRevocation: (a: number, b: number, c: number) => [number, number, number];
    readonly coreclient_accountKey: (a: number) => [number, number, number, number];
    readonly coreclient_create: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly coreclient_createGroup: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly coreclient_deleteGroup: (a: number, b: number, c: number) => [number, number];
    readonly coreclient_deviceCertificate: (a: number) => [number, number, number, number];
    readonly coreclient_deviceId: (a: number) => [number, number, number, number];
    readonly coreclient_deviceKey: (a: number) => [number, number, number, number];
    readonly coreclient_eraseUnusedKeys: (a: number) => [number, number];
    readonly coreclient_forgetExpiredKeyPackages: (a: number, b: number) => [number, number, number];
    readonly coreclient_forgetPsk: (a: number, b: number, c: number) => [number, number];
    readonly coreclient_generateKeyPackages: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly coreclient_generateLastResortKeyPackage: (a: number, b: number, c: number) => [number, number, number, number];
    readonly coreclient_groupIds: (a: number) => [number, number, number, number];
    readonly coreclient_groupOfWelcome: (a: number, b: number, c: number, d: number, e: number) => [number, number, number, number];
    readonly coreclient_handle: (a: number) => [number, number, number, number];
    readonly coreclient_inspectKeyPackage: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly coreclient_isLoaded: (a: number, b: number, c: number) => [number, number, number];
    readonly coreclient_join: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly coreclient_loadGroup: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly coreclient_open: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly coreclient_rebootGroup: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number];
    readonly coreclient_revokeDevice: (a: number, b: number, c: number, d: number, e: number) => [number, number, number, number];
    readonly coreclient_safetyNumber: (a: number, b: number, c: number, d: number, e: number) => [number, number, number, number];
    readonly coreclient_setUpdatePolicy: (a: number, b: number, c: number, d: number) => [number, number];
    readonly coreclient_signAccess: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly coreclient_signAsDevice: (a: number, b: number, c: number) => [number, number, number, number];
    readonly coreclient_storePsk: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly coreclient_takeOver: (a: number, b: number, c: number) => [number, number];
    readonly coreclient_takeWrites: (a: number) => [number, number, number, number];
    readonly coreclient_unloadGroup: (a: number, b: number, c: number) => [number, number];
    readonly groupOfRecord: (a: number, b: number) => [number, number];
    readonly groupmember_accessKey: (a: number) => [number, number, number, number];
    readonly groupmember_addMembers: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly groupmember_agreesAt: (a: number, b: bigint, c: number, d: number) => [number, number, number];
    readonly groupmember_clearPendingCommit: (a: number) => [number, number];
    readonly groupmember_commitPendingProposals: (a: number, b: number) => [number, number, number];
    readonly groupmember_commitPsks: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly groupmember_discardStagedCommit: (a: number) => [number, number];
    readonly groupmember_encrypt: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly groupmember_encryptAll: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly groupmember_epoch: (a: number) => [bigint, number, number];
    readonly groupmember_epochAuthenticator: (a: number) => [number, number, number, number];
    readonly groupmember_expectAccessKey: (a: number, b: number, c: number) => [number, number];
    readonly groupmember_exportSecret: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number, number];
    readonly groupmember_groupId: (a: number) => [number, number, number, number];
    readonly groupmember_hasPendingCommit: (a: number) => [number, number, number];
    readonly groupmember_hasPendingProposals: (a: number) => [number, number, number];
    readonly groupmember_inviter: (a: number) => [number, number, number];
    readonly groupmember_isActive: (a: number) => [number, number, number];
    readonly groupmember_lastHealedAtMs: (a: number) => [number, number, number];
    readonly groupmember_lastHealedEpoch: (a: number) => [bigint, number, number];
    readonly groupmember_leave: (a: number) => [number, number, number, number];
    readonly groupmember_markForked: (a: number, b: bigint, c: number, d: number) => [number, number];
    readonly groupmember_markStuck: (a: number, b: number, c: number, d: number) => [number, number];
    readonly groupmember_members: (a: number) => [number, number, number, number];
    readonly groupmember_mergePendingCommit: (a: number, b: number) => [number, number, number];
    readonly groupmember_mergeStagedCommit: (a: number, b: number) => [number, number];
    readonly groupmember_ownLeafIndex: (a: number) => [number, number, number];
    readonly groupmember_process: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly groupmember_proposeUpdate: (a: number) => [number, number, number, number];
    readonly groupmember_ratchetTree: (a: number) => [number, number, number, number];
    readonly groupmember_readdMembers: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly groupmember_removeMembers: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly groupmember_revokedMembers: (a: number) => [number, number, number, number];
    readonly groupmember_selfUpdate: (a: number, b: number) => [number, number, number];
    readonly groupmember_signAccess: (a: number, b: number, c: number) => [number, number, number, number];
    readonly groupmember_status: (a: number) => [number, number, number];
    readonly groupmember_suite: (a: number) => [number, number, number];
    readonly groupmember_times: (a: number) => [number, number, number];
    readonly keyOfPassphrase: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number, number, number];
    readonly start: () => void;
    readonly unsafeTestingPanic: () => [number, number];
    readonly versions: () => any;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_drop_slice: (a: number, b: number) => void;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
