import type { GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { hasCode, sdkError } from '../model/errors.ts';
import type { Clock, Platform } from '../platform/platform.ts';
import {
  RING_PREFIX,
  StorageConflict,
  type Storage,
  type StorageWrite,
  type StoredRow,
} from '../storage/storage.ts';
import type { AccessSignature, CallData, CallName, CallResult, GroupState } from '../worker/protocol.ts';
import type { WorkerCore } from '../worker/worker-core.ts';
import { CORE_PREFIX } from './core-keys.ts';
import { CoreState } from './core-state.ts';
import { leftoversAmong } from './leftover-keys.ts';
import { LostGroup } from './lost-group.ts';
import { Mutex } from './mutex.ts';
import type { OutboxIndex } from './outbox-index.ts';
import { ACCOUNT, accounts, groups, type Table } from './rows.ts';
import { Snapshot } from './snapshot.ts';
import { Store, Unsure } from './store.ts';
import { Transaction, type Base } from './transaction.ts';
import type { VersionedStorage } from './versioned-storage.ts';

/** How often a transaction is computed again because another tab or process came first. */
const MAX_CONFLICTS = 20;

/** How often a transaction is computed again because the worker has stopped. A core can panic at the same call each time. */
const MAX_STOPS = 3;

/** What changed: conversations by id, or everything. */
export type Change = ReadonlySet<string> | 'everything';

/**
 * The client's state, in three places that must agree: the store (the truth), the rows held in memory, and the core in
 * the worker. It changes by transactions only: the core's writes, the outbox, the cursor and the history go into one
 * commit of the store, or none of them does. Transactions run one at a time, each from the newest generation: what
 * others have changed since ours is loaded before, and nothing else.
 */
export class Ledger {
  readonly #core: WorkerCore;
  readonly #platform: Platform;
  readonly #relayClock: Clock;
  readonly #mutex = new Mutex();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #stopWatching: () => void;
  readonly #store: Store;
  readonly #snapshot = new Snapshot();
  readonly #coreState: CoreState;
  /** Notes that a conversation cannot go on, whose keys are erased. Set once, before the ledger is opened. */
  whenLost: (tx: Transaction, groupId: GroupId) => Promise<void> = async () => undefined;
  /** The end of keys that seal nothing, to be stored with the next commit. */
  #unusedKeys: readonly StorageWrite[] = [];
  #generation = 0;
  #opened = false;
  #closed = false;
  /** Whether it is about to be closed, so that no worker is started any more. */
  #isClosing = false;

  /**
   * @param parts `relayClock` is for times that others compare with their clocks; `platform.clock` measures spans of time
   *   on this device
   */
  constructor(parts: {
    storage: Storage;
    core: WorkerCore;
    platform: Platform;
    relayClock: Clock;
    groupsInMemory: number;
  }) {
    const { storage, core, platform, relayClock, groupsInMemory } = parts;
    this.#store = new Store(storage, platform.random);
    this.#core = core;
    this.#coreState = new CoreState(core, groupsInMemory);
    this.#platform = platform;
    this.#relayClock = relayClock;
    // Should this fail, a live client looks again with its next tick, and every transaction does before it begins.
    this.#stopWatching = storage.onForeignCommit(() => void this.refresh().catch(() => undefined));
  }

  get storage(): VersionedStorage {
    return this.#store.storage;
  }

  /** What waits to be sent, as it stands in the rows. */
  get outbox(): OutboxIndex {
    return this.#snapshot.outbox;
  }

  row<Row>(table: Table<Row>, key: string): Row | undefined {
    return this.#snapshot.row(table, key);
  }

  /** The rows of a table in the order of their keys. */
  rows<Row>(table: Table<Row>): Row[] {
    return this.#snapshot.rows(table);
  }

  /** The MLS state of an active conversation. */
  group(conversationId: GroupId): GroupState | undefined {
    return this.#snapshot.group(conversationId);
  }

  /** A call that changes nothing and concerns no group, between transactions and never inside one. */
  query<Name extends Exclude<CallName, `group.${string}`>>(
    name: Name,
    data: CallData<Name>,
  ): Promise<CallResult<Name>> {
    return this.#mutex.run(async () => {
      if (this.#core.dirty || this.#core.isStopped) await this.#catchUp();
      const { result, writes } = await this.#core.call(name, data);
      // Lost writes would leave a gap in the core's batches, and the store would not open again.
      if (writes.length > 0) throw new Error(`${name} changes the store and must run in a transaction`);
      return result;
    });
  }

  /** Signs for a group with its access key. The core keeps the keys of groups that it had in memory once. */
  signAccess(groupId: GroupId, transcript: Uint8Array): Promise<AccessSignature> {
    const sign = () => this.#core.call('group.sign', { groupId: hex.decode(groupId), transcript });
    return this.#onNewest(async () => {
      try {
        return (await sign()).result;
      } catch (error) {
        if (!hasCode(error, 'GROUP_NOT_LOADED')) throw error;
        await this.#needGroup(groupId);
        return (await sign()).result;
      }
    });
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Has listeners look at a conversation again, of which something changed that is not stored. */
  announce(conversationId: GroupId): void {
    this.#emit(new Set([conversationId]));
  }

  /**
   * Computes a change and commits it whole. `work` may run several times and must not touch the network; what it
   * throws undoes everything it did.
   */
  transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#onNewest(async () => {
      const tx = new Transaction(this.#base);
      try {
        const result = await work(tx);
        await this.#commit(tx);
        return result;
      } catch (error) {
        // The core is ahead of the store until it is opened anew, which comes before anything else is asked of it.
        this.#core.dirty ||= tx.touchedCore;
        throw error;
      }
    });
  }

  /** What transactions read from. */
  get #base(): Base {
    return {
      storage: this.storage,
      core: this.#core,
      platform: this.#platform,
      relayClock: this.#relayClock,
      outbox: this.outbox,
      row: (table, key) => this.row(table, key),
      rows: (table) => this.rows(table),
      group: (id) => this.group(id),
      needGroup: (id) => this.#needGroup(id),
      noteGroup: (id, what) => {
        this.#coreState[what](id);
      },
    };
  }

  /**
   * Has the core hold a group in memory.
   *
   * @throws {StorageConflict} if others have committed meanwhile
   * @throws {LostGroup}
   */
  async #needGroup(groupId: GroupId): Promise<void> {
    if (this.#coreState.use(groupId)) return;
    const records = await this.#store.groupRecords(groupId);
    if (await this.#isOvertaken()) throw new StorageConflict();
    try {
      const unusedKeys = await this.#coreState.load(groupId, records);
      this.#unusedKeys = [...this.#unusedKeys, ...unusedKeys];
    } catch (error) {
      throw hasCode(error, 'KEYS_ERASED') ? new LostGroup(groupId, error) : error;
    }
  }

  /** Takes over what other tabs or processes have committed. */
  refresh(): Promise<void> {
    return this.#mutex.run(async () => {
      // Before it is opened, a store can be one of an earlier version.
      if (this.#opened && !this.#closed) await this.#catchUp();
    });
  }

  /**
   * Reads the whole state from the store, which may be one of an earlier version.
   *
   * @returns whether the store was put back to an earlier state
   */
  open(): Promise<{ wasPutBack: boolean }> {
    return this.#mutex.run(async () => {
      const wasPutBack = await this.#store.wasPutBack();
      await this.#requireKeyOfStore();
      await this.#store.migrate();
      await this.#load();
      this.#opened = true;
      // Keys that only a later state needs are not taken from whoever puts that state in its place again.
      if (wasPutBack) this.#unusedKeys = [];
      else if (!this.#isEmpty) await this.#eraseLeftoverKeys();
      return { wasPutBack };
    });
  }

  /** What fails here is done when the store is opened next. */
  async #eraseLeftoverKeys(): Promise<void> {
    try {
      const stored = await this.storage.scan({ prefix: RING_PREFIX });
      const keys = stored.map(({ key }) => key);
      const { over, unclear } = leftoversAmong(keys, (id) => this.#snapshot.holds(groups, id));
      for (const groupId of unclear) await this.#needGroup(groupId).catch(passOverIfLost);
      const ends = over.map((key) => ({ key, value: undefined }));
      this.#unusedKeys = [...this.#unusedKeys, ...ends];
      if (this.#unusedKeys.length > 0) await this.#commitWrites([]);
    } catch (error) {
      this.#unusedKeys = [];
      if (error instanceof Unsure) await this.#load();
    }
  }

  /** Has {@link open} not say again that the store was put back. */
  settleNote(): Promise<void> {
    return this.#mutex.run(() => this.#store.settleNote());
  }

  /**
   * Deletes everything, for an account that came to nothing, if `isMeant` says so of what the store holds when it comes to
   * it: another tab or process may have been there meanwhile.
   */
  wipe(isMeant: () => boolean): Promise<void> {
    return this.#mutex.run(async () => {
      for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
        await this.#load();
        if (!isMeant()) return;
        try {
          await this.#store.deleteAll(this.#generation);
          return await this.#load();
        } catch (error) {
          if (!(error instanceof StorageConflict)) throw error;
        }
      }
      throw contention();
    });
  }

  /** The key that the store is sealed with; a new one for a store that has none. */
  storeKey(options: { isNew: boolean }): Promise<Uint8Array> {
    return this.#store.key(options);
  }

  /** @throws {UsageError} CLOSED */
  requireOpen(): void {
    if (this.#closed) throw closed();
  }

  /** Those who wait for what is in the outbox are told, as nothing more happens to it here. */
  async close(): Promise<void> {
    this.#stopWatching();
    this.#isClosing = true;
    // All that there is to do waits for it, and it may never come.
    if (this.#core.isRestarting) this.#end();
    try {
      await this.#mutex.run(async () => {
        this.#end();
        await this.storage.close();
      });
    } finally {
      this.outbox.wakeAll();
    }
  }

  #end(): void {
    this.#closed = true;
    this.#core.terminate();
  }

  async #commit(tx: Transaction): Promise<void> {
    await tx.finish();
    if (tx.isEmpty) return;
    await this.#commitWrites(tx.storageWrites());
    this.#take(tx.rows);
    this.#emit(conversationsOf(tx.changedKeys));
  }

  async #commitWrites(writes: readonly StorageWrite[]): Promise<void> {
    const unusedKeys = this.#unusedKeys;
    this.#generation = await this.#store.commit([...writes, ...unusedKeys], this.#generation);
    this.#unusedKeys = this.#unusedKeys.slice(unusedKeys.length);
  }

  /** Takes rows over into the memory, those of an outbox in their order, and tells those who wait for what they settle. */
  #take(rows: ReadonlyMap<string, unknown>): void {
    const settled = new Set<string>();
    for (const [key, row] of rows) for (const id of this.#snapshot.take(key, row)) settled.add(id);
    this.outbox.wake(settled);
  }

  /** Runs work on the newest generation, one at a time, and again if the worker has stopped meanwhile. */
  #onNewest<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run(async () => {
      for (let stops = 1; ; stops += 1) {
        try {
          return await this.#unlessOvertaken(work);
        } catch (error) {
          // It may have been stored, and must not be done twice.
          if (error instanceof Unsure) throw error.cause;
          if (!this.#core.isStopped) throw error;
          this.requireOpen();
          if (stops >= MAX_STOPS) throw error;
        }
      }
    });
  }

  /** Runs work on the newest generation, and again if others have committed meanwhile. */
  async #unlessOvertaken<Result>(work: () => Promise<Result>): Promise<Result> {
    let lost: LostGroup | undefined;
    for (let conflicts = 0; conflicts < MAX_CONFLICTS;) {
      this.requireOpen();
      await this.#catchUp();
      try {
        if (lost !== undefined) await this.#strand(lost);
        lost = undefined;
        const result = await work();
        await this.#trim();
        return result;
      } catch (error) {
        if (error instanceof Unsure) throw error;
        const isOvertaken = error instanceof StorageConflict || (await this.#isOvertaken());
        if (!isOvertaken && error instanceof LostGroup) {
          lost = error;
          continue;
        }
        if (!isOvertaken) throw error;
        await this.#platform.timers.sleep(this.#platform.random.fraction() * 10 * conflicts++);
      }
    }
    throw contention();
  }

  /**
   * Has the conversation say that it is stuck, if its group is still lost. Work that sees this may do without the group.
   *
   * @throws {StorageError} KEYS_ERASED if it says so already
   */
  async #strand({ groupId, cause }: LostGroup): Promise<void> {
    const tx = new Transaction(this.#base);
    // Another tab may have joined it again since.
    if (await tx.isThere(groupId)) return;
    await this.whenLost(tx, groupId);
    if (tx.isEmpty) throw cause;
    await this.#commit(tx);
  }

  async #isOvertaken(): Promise<boolean> {
    return (await this.storage.generation()) !== this.#generation;
  }

  /** Brings the memory and the core to the newest generation, by what has changed if that can be told. */
  async #catchUp(): Promise<void> {
    if (this.#isClosing && this.#core.isStopped) throw closed();
    await this.#core.restart();
    const isBehind = this.#core.dirty || (await this.#isOvertaken());
    if (!isBehind) return;
    const changes = this.#isEmpty ? undefined : await this.#store.changesSince(this.#generation);
    if (changes === undefined) return this.#load();
    // What sealed nothing before may be the key of what others have committed since.
    this.#unusedKeys = [];
    if (!this.#core.dirty) await this.#coreState.takeOver(changes.core);
    else if (!(await this.#reopenCore(changes.until))) return this.#catchUp();
    for (const id of endedGroupsOf(changes.rows)) this.#coreState.forgotten(id);
    this.#generation = changes.until;
    this.#take(changes.rows);
    this.#emit(conversationsOf(changes.keys));
  }

  /** Whether the store held no account when it was read last: then the core has nothing that could take changes over. */
  get #isEmpty(): boolean {
    return this.row(accounts, ACCOUNT) === undefined;
  }

  /**
   * Whether the key is that of a store which is to be migrated, only the core can tell. Rows that are sealed with another
   * one would not open again.
   */
  async #requireKeyOfStore(): Promise<void> {
    const own = await this.#store.ownCoreRecordsOfBefore();
    if (own === undefined) return;
    try {
      await this.#openCore(own);
    } catch (error) {
      // Another tab may have begun to migrate it meanwhile.
      if ((await this.#store.ownCoreRecordsOfBefore()) !== undefined) throw error;
    }
  }

  /** Opens the core anew at a generation. Returns false if others have committed meanwhile. */
  async #reopenCore(generation: number): Promise<boolean> {
    const own = await this.#store.ownCoreRecords();
    if ((await this.storage.generation()) !== generation) return false;
    await this.#openCore(own);
    return true;
  }

  async #load(): Promise<void> {
    const { generation, own, rows } = await this.#store.readAll();
    // An account that came to nothing leaves an empty store, and nothing to open. Its key ring may be left.
    const isEmpty = rows.size === 0 && own.every(({ key }) => !key.startsWith(CORE_PREFIX));
    if (!isEmpty) await this.#openCore(own);
    else this.#core.dirty = false;
    // All at once: a reader in between must not find a conversation without its group.
    this.#generation = generation;
    this.#snapshot.replace(rows);
    this.#emit('everything');
    this.outbox.wakeAll();
  }

  async #openCore(own: readonly StoredRow[]): Promise<void> {
    // Should it fail half way.
    this.#core.dirty = true;
    this.#unusedKeys = await this.#coreState.open(await this.storeKey({ isNew: false }), own);
  }

  /** What was done is done, whatever comes of this: a core that fails here is opened anew before it is used again. */
  async #trim(): Promise<void> {
    try {
      await this.#coreState.trim();
    } catch {
      this.#core.dirty = true;
    }
  }

  #emit(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Of a lost group, nobody can tell which of its keys counts. */
function passOverIfLost(error: unknown): void {
  if (!(error instanceof LostGroup)) throw error;
}

function closed() {
  return sdkError('CLOSED', 'The client is closed. Create a new one.');
}

function contention() {
  return sdkError(
    'STORE_CONTENTION',
    'Another tab or program keeps changing this account’s storage. Try again.',
  );
}

/** The groups whose rows are deleted. */
function endedGroupsOf(rows: ReadonlyMap<string, unknown>): GroupId[] {
  const isEnded = ([key, row]: [string, unknown]) => row === undefined && key.startsWith(`${groups.name}/`);
  return [...rows].filter(isEnded).map(([key]) => key.slice(groups.name.length + 1) as GroupId);
}

/** The conversations that rows are about. Other ids among them concern nobody who listens. */
function conversationsOf(keys: readonly string[]): Set<string> {
  return new Set(keys.map((key) => key.split('/')[1] ?? ''));
}
