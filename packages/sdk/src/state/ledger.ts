import { toBase64Url, type GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { hasCode, sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { StorageConflict, type Storage, type StorageWrite, type StoredRow } from '../storage/storage.ts';
import { RelayClock } from '../transport/relay-clock.ts';
import type { AccessSignature, CallData, CallName, CallResult, GroupState } from '../worker/protocol.ts';
import type { WorkerCore } from '../worker/worker-core.ts';
import { decodeRow } from './codec.ts';
import { CORE_PREFIX, corePrefixOf, OWN_CORE_PREFIX } from './core-keys.ts';
import { CoreState } from './core-state.ts';
import { HEADER_KEY, requireVersion } from './header.ts';
import { changedSince, isCommitted, journalWrites } from './journal.ts';
import { Mutex } from './mutex.ts';
import type { OutboxIndex } from './outbox-index.ts';
import { MESSAGE_PREFIX, TABLES, type StoreRow, type Table } from './rows.ts';
import { Snapshot } from './snapshot.ts';
import { Transaction } from './transaction.ts';
import { VersionedStorage } from './versioned-storage.ts';

/** How often a transaction is computed again because another tab or process came first. */
const MAX_CONFLICTS = 20;

/** What changed: conversations by id, or everything. */
export type Change = ReadonlySet<string> | 'everything';

/**
 * The client's state, in three places that must agree: the store (the truth), the rows held in memory, and the core in
 * the worker. It changes by transactions only: the core's writes, the outbox, the cursor and the history go into one
 * commit of the store, or none of them does. Transactions run one at a time, each from the newest generation: what
 * others have changed since ours is loaded before, and nothing else.
 */
export class Ledger {
  readonly storage: VersionedStorage;
  readonly core: WorkerCore;
  readonly platform: Platform;
  /** For times that others compare with their clocks. `platform.clock` measures spans of time on this device. */
  readonly relayClock: RelayClock;
  readonly #mutex = new Mutex();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #stopWatching: () => void;
  readonly #snapshot = new Snapshot();
  readonly #coreState: CoreState;
  #generation = 0;
  #closed = false;

  constructor(storage: Storage, core: WorkerCore, platform: Platform, groupsInMemory: number) {
    this.storage = new VersionedStorage(storage);
    this.core = core;
    this.#coreState = new CoreState(core, groupsInMemory);
    this.platform = platform;
    this.relayClock = new RelayClock(platform.clock);
    // Should this fail, a live client looks again with its next tick, and every transaction does before it begins.
    this.#stopWatching = storage.onForeignCommit(() => void this.refresh().catch(() => undefined));
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
      if (this.core.dirty) await this.#catchUp();
      const { result, writes } = await this.core.call(name, data);
      // Lost writes would leave a gap in the core's batches, and the store would not open again.
      if (writes.length > 0) throw new Error(`${name} changes the store and must run in a transaction`);
      return result;
    });
  }

  /** Signs for a group with its access key. The core keeps the keys of groups that it had in memory once. */
  signAccess(groupId: GroupId, transcript: Uint8Array): Promise<AccessSignature> {
    const sign = () => this.core.call('group.sign', { groupId: hex.decode(groupId), transcript });
    return this.#onNewest(async () => {
      try {
        return (await sign()).result;
      } catch (error) {
        if (!hasCode(error, 'GROUP_NOT_LOADED')) throw error;
        await this.needGroup(groupId);
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
      const tx = new Transaction(this);
      try {
        const result = await work(tx);
        await this.#commit(tx);
        return result;
      } catch (error) {
        // The core is ahead of the store until it is opened anew, which comes before anything else is asked of it.
        this.core.dirty ||= tx.touchedCore;
        throw error;
      }
    });
  }

  /**
   * Has the core hold a group in memory. Only inside a transaction.
   *
   * @throws {StorageConflict} if others have committed meanwhile
   */
  async needGroup(groupId: GroupId): Promise<void> {
    if (this.#coreState.use(groupId)) return;
    const records = await this.storage.scan({ prefix: corePrefixOf(groupId) });
    if (await this.#isOvertaken()) throw new StorageConflict();
    await this.#coreState.load(groupId, records);
  }

  /** Notes that the core has entered a group, or has deleted it. */
  noteGroup(groupId: GroupId, what: 'entered' | 'forgotten'): void {
    this.#coreState[what](groupId);
  }

  /** Takes over what other tabs or processes have committed. */
  refresh(): Promise<void> {
    return this.#mutex.run(async () => {
      if (!this.#closed) await this.#catchUp();
    });
  }

  /** Reads the whole state from the store. */
  load(): Promise<void> {
    return this.#mutex.run(() => this.#load());
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
        const rows = await this.storage.scan({ prefix: '' });
        const deletions = rows.map(({ key }) => ({ key, value: undefined }));
        try {
          await this.storage.commit(deletions, this.#generation);
          return await this.#load();
        } catch (error) {
          if (!(error instanceof StorageConflict)) throw error;
        }
      }
      throw contention();
    });
  }

  /** The key that the core's records are sealed with; a new one for a store that has none. */
  async storeKey({ isNew }: { isNew: boolean }): Promise<Uint8Array> {
    const key = await this.storage.storeKey(isNew ? this.platform.random.bytes(32) : undefined);
    if (key !== undefined) return key;
    throw sdkError(
      'STORE_KEY_MISSING',
      'The key of this storage is missing. Put it back: the storage cannot be opened without it.',
    );
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await this.#mutex.run(async () => {
      this.#closed = true;
      this.core.terminate();
      await this.storage.close();
    });
  }

  async #commit(tx: Transaction): Promise<void> {
    await tx.finish();
    if (tx.isEmpty) return;
    await this.#store(tx.storageWrites());
    this.#take(tx.rows);
    this.#emit(conversationsOf(tx.changedKeys));
  }

  /**
   * Commits writes as the next generation. Should the storage fail, the journal tells whether they were stored all the same.
   *
   * @throws {StorageConflict} if others came first
   */
  async #store(writes: readonly StorageWrite[]): Promise<void> {
    const next = this.#generation + 1;
    const mark = toBase64Url(this.platform.random.bytes(9));
    const note = journalWrites(next, { mark, keys: writes.map(({ key }) => key) });
    try {
      await this.storage.commit([...writes, ...note], this.#generation);
    } catch (error) {
      const isStored = await isCommitted(this.storage, next, mark).catch(() => undefined);
      if (isStored === undefined && !(error instanceof StorageConflict)) throw new Unsure(error);
      if (isStored !== true) throw error;
    }
    this.#generation = next;
  }

  /** Takes rows over into the memory, those of an outbox in their order, and tells those who wait for what they settle. */
  #take(rows: ReadonlyMap<string, unknown>): void {
    const settled = new Set<string>();
    for (const [key, row] of rows) for (const id of this.#snapshot.take(key, row)) settled.add(id);
    this.outbox.wake(settled);
  }

  /** Runs work on the newest generation, one at a time, and again if others have committed meanwhile. */
  #onNewest<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run(async () => {
      for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
        if (this.#closed) throw sdkError('CLOSED', 'The client is closed. Create a new one.');
        await this.#catchUp();
        try {
          const result = await work();
          await this.#trim();
          return result;
        } catch (error) {
          if (error instanceof Unsure) throw error.cause;
          const isOvertaken = error instanceof StorageConflict || (await this.#isOvertaken());
          if (!isOvertaken) throw error;
          await this.platform.timers.sleep(this.platform.random.fraction() * 10 * attempt);
        }
      }
      throw contention();
    });
  }

  async #isOvertaken(): Promise<boolean> {
    return (await this.storage.generation()) !== this.#generation;
  }

  /** Brings the memory and the core to the newest generation, by what has changed if that can be told. */
  async #catchUp(): Promise<void> {
    for (;;) {
      const until = await this.storage.generation();
      if (until === this.#generation && !this.core.dirty) return;
      await this.storage.checkVersion();
      const keys = await changedSince(this.storage, { since: this.#generation, until });
      if (keys === undefined) return this.#load();
      const changes = await this.#changesOf(keys);
      const own = this.core.dirty ? await this.storage.scan({ prefix: OWN_CORE_PREFIX }) : undefined;
      if ((await this.storage.generation()) !== until) continue;
      if (own === undefined) await this.#coreState.takeOver(changes.core);
      else await this.#openCore(own);
      this.#generation = until;
      this.#take(changes.rows);
      this.#emit(conversationsOf(keys));
      return;
    }
  }

  /** Reads changed rows, in the order of their keys, and core records. Messages are not held in memory. */
  async #changesOf(keys: readonly string[]) {
    const held = keys.filter((key) => !key.startsWith(MESSAGE_PREFIX)).sort();
    const read = held.map(async (key): Promise<StorageWrite> => ({
      key,
      value: await this.storage.get(key),
    }));
    const changes = await Promise.all(read);
    const isOfCore = ({ key }: StorageWrite) => key.startsWith(CORE_PREFIX);
    const rows = changes.filter((change) => !isOfCore(change));
    return {
      core: changes.filter(isOfCore),
      rows: new Map(rows.map(({ key, value }) => [key, value && decodeRow(key, value)])),
    };
  }

  async #load(): Promise<void> {
    const { generation, own, rows } = await this.#read();
    // An account that came to nothing leaves an empty store, and nothing to open.
    if (own.length > 0 || rows.size > 0) await this.#openCore(own);
    else this.core.dirty = false;
    // All at once: a reader in between must not find a conversation without its group.
    this.#generation = generation;
    this.#snapshot.replace(rows);
    this.#emit('everything');
    this.outbox.wakeAll();
  }

  async #openCore(own: readonly StoredRow[]): Promise<void> {
    // Should it fail half way.
    this.core.dirty = true;
    await this.#coreState.open(await this.storeKey({ isNew: false }), own);
  }

  /** All rows that are held in memory, and the core's own records, of one generation. */
  async #read() {
    for (;;) {
      const generation = await this.storage.generation();
      await this.storage.checkVersion();
      const own = await this.storage.scan({ prefix: OWN_CORE_PREFIX });
      const tables = await Promise.all(TABLES.map((name) => this.storage.scan({ prefix: `${name}/` })));
      if ((await this.storage.generation()) !== generation) continue;
      return { generation, own, rows: decodeRows(tables.flat()) };
    }
  }

  /** What was done is done, whatever comes of this: a core that fails here is opened anew before it is used again. */
  async #trim(): Promise<void> {
    try {
      await this.#coreState.trim();
    } catch {
      this.core.dirty = true;
    }
  }

  #emit(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function decodeRows(stored: readonly StoredRow[]): Map<string, unknown> {
  const header = stored.find(({ key }) => key === HEADER_KEY);
  // Before anything else is read: rows of another version may have another form.
  if (stored.length > 0) requireVersion(header && (decodeRow(HEADER_KEY, header.value) as StoreRow));
  return new Map(stored.map(({ key, value }) => [key, decodeRow(key, value)]));
}

/** A commit failed, and nobody can tell whether it was stored: it must not be done again. */
class Unsure extends Error {
  constructor(cause: unknown) {
    super('a commit may have been stored', { cause });
  }
}

function contention() {
  return sdkError(
    'STORE_CONTENTION',
    'Another tab or program keeps changing this account’s storage. Try again.',
  );
}

/** The conversations that rows are about. Other ids among them concern nobody who listens. */
function conversationsOf(keys: readonly string[]): Set<string> {
  return new Set(keys.map((key) => key.split('/')[1] ?? ''));
}
