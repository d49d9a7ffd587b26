import type { GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { StorageConflict, type Storage, type StoredRow } from '../storage/storage.ts';
import { RelayClock } from '../transport/relay-clock.ts';
import type { CallData, CallName, CallResult, GroupState } from '../worker/protocol.ts';
import type { WorkerCore } from '../worker/worker-core.ts';
import { decodeRow } from './codec.ts';
import { groupRowOf } from './group-rows.ts';
import { HEADER_KEY, requireVersion } from './header.ts';
import { changedSince, journalWrites } from './journal.ts';
import { Mutex } from './mutex.ts';
import type { OutboxIndex } from './outbox-index.ts';
import { coreKeyOf, CORE_PREFIX, groups, MESSAGE_PREFIX, TABLES, type StoreRow, type Table } from './rows.ts';
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
  #generation = 0;
  #closed = false;

  constructor(storage: Storage, core: WorkerCore, platform: Platform) {
    this.storage = new VersionedStorage(storage);
    this.core = core;
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

  /** A call that changes nothing, between transactions and never inside one. */
  query<Name extends CallName>(name: Name, data: CallData<Name>): Promise<CallResult<Name>> {
    return this.#mutex.run(async () => {
      if (this.core.dirty) await this.#load();
      const { result, writes } = await this.core.call(name, data);
      // Lost writes would leave a gap in the core's batches, and the store would not open again.
      if (writes.length > 0) throw new Error(`${name} changes the store and must run in a transaction`);
      return result;
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
    return this.#mutex.run(async () => {
      for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
        if (this.#closed) throw sdkError('CLOSED', 'The client is closed. Create a new one.');
        await this.#catchUp();
        const tx = new Transaction(this);
        try {
          const result = await work(tx);
          await this.#commit(tx);
          return result;
        } catch (error) {
          // The core is ahead of the store until it is opened anew, which comes before anything else is asked of it.
          this.core.dirty ||= tx.touchedCore;
          const isOvertaken = error instanceof StorageConflict || (await this.#isOvertaken());
          if (!isOvertaken) throw error;
          await this.platform.timers.sleep(this.platform.random.fraction() * 10 * attempt);
        }
      }
      throw contention();
    });
  }

  /** Takes over what other tabs or processes have committed. */
  refresh(): Promise<void> {
    return this.#mutex.run(async () => {
      if (!this.#closed) await this.#catchUp();
    });
  }

  /** Asks the core for a group's state anew: time alone can make an update due. */
  refreshGroup(conversationId: GroupId): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#closed || this.row(groups, conversationId) === undefined) return;
      if (this.core.dirty) await this.#load();
      const nowMs = this.platform.clock.now();
      const { result } = await this.core.call('group.state', { groupId: hex.decode(conversationId), nowMs });
      this.#snapshot.take(`${groups.name}/${conversationId}`, groupRowOf(result));
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
    const writes = tx.storageWrites();
    const note = journalWrites(
      this.#generation + 1,
      writes.map(({ key }) => key),
    );
    this.#generation = await this.storage.commit([...writes, ...note], this.#generation);
    this.#take(tx.rows);
    this.#emit(conversationsOf(tx.changedKeys));
  }

  /** Takes rows over into the memory, and tells those who wait for what they settle. */
  #take(rows: ReadonlyMap<string, unknown>): void {
    const settled = new Set<string>();
    for (const [key, row] of rows) for (const id of this.#snapshot.take(key, row)) settled.add(id);
    this.outbox.wake(settled);
  }

  async #isOvertaken(): Promise<boolean> {
    return (await this.storage.generation()) !== this.#generation;
  }

  /** Brings the memory and the core to the newest generation, by what has changed if that can be told. */
  async #catchUp(): Promise<void> {
    if (this.core.dirty) return this.#load();
    for (;;) {
      const generation = await this.storage.generation();
      if (generation === this.#generation) return;
      await this.storage.checkVersion();
      const changes = await this.#changesUntil(generation);
      if (changes === undefined) return this.#load();
      if ((await this.storage.generation()) !== generation) continue;
      this.#generation = generation;
      this.#take(changes.rows);
      this.#emit(conversationsOf(changes.keys));
      return;
    }
  }

  /** The rows that were changed since our generation; undefined if they cannot be told, or concern the core. */
  async #changesUntil(generation: number) {
    const keys = await changedSince(this.storage, { since: this.#generation, until: generation });
    if (keys === undefined || keys.some((key) => key.startsWith(CORE_PREFIX))) return undefined;
    const held = keys.filter((key) => !key.startsWith(MESSAGE_PREFIX));
    const rows = await Promise.all(
      held.map(async (key): Promise<[string, unknown]> => {
        const value = await this.storage.get(key);
        return [key, value && decodeRow(key, value)];
      }),
    );
    return { keys, rows: new Map(rows) };
  }

  async #load(): Promise<void> {
    const { generation, core, rows } = await this.#read();
    // Until the new state is in memory, too, the core must be opened again.
    this.core.dirty = true;
    if (core.length > 0 || rows.size > 0) {
      const storeKey = await this.storeKey({ isNew: false });
      const records = core.map(({ key, value }) => ({ key: coreKeyOf(key), value }));
      await this.core.call('client.open', { storeKey, records });
    }
    // All at once: a reader in between must not find a conversation without its group.
    this.core.dirty = false;
    this.#generation = generation;
    this.#snapshot.replace(rows);
    this.#emit('everything');
    this.outbox.wakeAll();
  }

  /** All rows that are held in memory, and the core's records, of one generation. */
  async #read() {
    for (;;) {
      const generation = await this.storage.generation();
      await this.storage.checkVersion();
      const core = await this.storage.scan({ prefix: CORE_PREFIX });
      const tables = await Promise.all(TABLES.map((name) => this.storage.scan({ prefix: `${name}/` })));
      if ((await this.storage.generation()) !== generation) continue;
      return { generation, core, rows: decodeRows(tables.flat()) };
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
