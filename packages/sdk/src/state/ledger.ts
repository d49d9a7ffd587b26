import type { GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { StorageConflict, type Storage } from '../storage/storage.ts';
import { RelayClock } from '../transport/relay-clock.ts';
import type { CallData, CallName, CallResult, GroupState } from '../worker/protocol.ts';
import type { WorkerCore } from '../worker/worker-core.ts';
import { Mutex } from './mutex.ts';
import { OutboxIndex } from './outbox-index.ts';
import {
  accounts,
  ACCOUNT,
  conversations,
  coreKeyOf,
  CORE_PREFIX,
  outbox,
  STORE_VERSION,
  TABLES,
  type ConversationRow,
  type OutboxRow,
  type Table,
} from './rows.ts';
import { Transaction } from './transaction.ts';

/** How often a transaction is computed again because another tab or process came first. */
const MAX_CONFLICTS = 20;

/** What changed: conversations by id, or everything. */
export type Change = ReadonlySet<string> | 'everything';

/**
 * The client's state, in three places that must agree: the store (the truth), the rows held in memory, and the core in
 * the worker. It changes by transactions only: the core's writes, the outbox, the cursor and the history go into one
 * commit of the store, or none of them does and the memory is loaded again. Transactions run one at a time.
 */
export class Ledger {
  readonly storage: Storage;
  readonly core: WorkerCore;
  readonly platform: Platform;
  /** For times that others compare with their clocks. `platform.clock` measures spans of time on this device. */
  readonly relayClock: RelayClock;
  readonly #mutex = new Mutex();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #stopWatching: () => void;
  /** What waits to be sent, as it stands in the rows. */
  readonly outbox = new OutboxIndex();
  #generation = 0;
  /** By the names of their tables, and then by their keys. */
  #tables = new Map<string, Map<string, unknown>>();
  #groups = new Map<string, GroupState>();
  #closed = false;

  constructor(storage: Storage, core: WorkerCore, platform: Platform) {
    this.storage = storage;
    this.core = core;
    this.platform = platform;
    this.relayClock = new RelayClock(platform.clock);
    // Should this fail, a live client looks again with its next tick, and every transaction does before it commits.
    this.#stopWatching = storage.onForeignCommit(() => void this.refresh().catch(() => undefined));
  }

  row<Row>(table: Table<Row>, key: string): Row | undefined {
    return this.#tables.get(table.name)?.get(key) as Row | undefined;
  }

  /** The rows of a table in the order of their keys. */
  rows<Row>(table: Table<Row>): Row[] {
    const rows = [...(this.#tables.get(table.name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return rows.map(([, row]) => row as Row);
  }

  /** The MLS state of an active conversation. */
  group(conversationId: GroupId): GroupState | undefined {
    return this.#groups.get(conversationId);
  }

  /** A call that changes nothing, between transactions and never inside one. */
  query<Name extends CallName>(name: Name, data: CallData<Name>): Promise<CallResult<Name>> {
    return this.#mutex.run(async () => {
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
        if (this.core.dirty) await this.#load();
        const tx = new Transaction(this);
        try {
          const result = await work(tx);
          await this.#commit(tx);
          return result;
        } catch (error) {
          // The core is ahead of the store until it is opened anew, even if that cannot be done now.
          this.core.dirty ||= tx.touchedCore;
          const overtaken = error instanceof StorageConflict || (await this.#isOvertaken());
          if (overtaken || this.core.dirty) await this.#load();
          if (!overtaken) throw error;
          await this.platform.timers.sleep(this.platform.random.fraction() * 10 * attempt);
        }
      }
      throw contention();
    });
  }

  /** Takes over what other tabs or processes have committed. */
  refresh(): Promise<void> {
    return this.#mutex.run(async () => {
      if (!this.#closed && (await this.#isOvertaken())) await this.#load();
    });
  }

  /** Asks the core for a group's state anew: time alone can make an update due. */
  refreshGroup(conversationId: GroupId): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#closed || !this.#groups.has(conversationId)) return;
      const nowMs = this.platform.clock.now();
      const { result } = await this.core.call('group.state', { groupId: hex.decode(conversationId), nowMs });
      this.#groups.set(conversationId, result);
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
    this.#generation = await this.storage.commit(tx.storageWrites(), this.#generation);
    const settled = new Set<string>();
    for (const [key, row] of tx.rows) for (const id of this.#take(key, row)) settled.add(id);
    for (const [id, group] of tx.groups) {
      if (group === undefined) this.#groups.delete(id);
      else this.#groups.set(id, group);
    }
    this.#emit(tx.changed);
    this.outbox.wake(settled);
  }

  /** Takes a row over into the memory. Gives the ids of what waits, or waited, in the outbox there. */
  #take(key: string, row: unknown): string[] {
    const [name, rest] = splitKey(key);
    const table = this.#tables.get(name) ?? new Map<string, unknown>();
    this.#tables.set(name, table);
    const before = table.get(rest);
    if (row === undefined) table.delete(rest);
    else table.set(rest, row);
    if (name !== outbox.name) return [];
    const [gone, there] = [before as OutboxRow | undefined, row as OutboxRow | undefined];
    if (gone !== undefined && gone.id !== there?.id) this.outbox.remove(gone);
    if (there !== undefined) this.outbox.put(there);
    return [gone, there].flatMap((one) => one?.id ?? []);
  }

  async #isOvertaken(): Promise<boolean> {
    return (await this.storage.generation()) !== this.#generation;
  }

  async #load(): Promise<void> {
    const snapshot = await this.#snapshot();
    const rows = new Map<string, unknown>();
    for (const { key, value } of snapshot.rows) rows.set(key, JSON.parse(new TextDecoder().decode(value)));
    requireVersion(rows);
    // Until the new state is in memory, too, the core must be opened again.
    this.core.dirty = true;
    if (snapshot.core.length > 0 || rows.size > 0) {
      const storeKey = await this.storeKey({ isNew: false });
      await this.core.call('client.open', { storeKey, records: snapshot.core });
    }
    const groups = await this.#groupsOf(rows);

    // All at once: a reader in between must not find a conversation without its group.
    this.core.dirty = false;
    this.#generation = snapshot.generation;
    this.#tables = new Map();
    this.outbox.clear();
    for (const key of [...rows.keys()].sort()) this.#take(key, rows.get(key));
    this.#groups = groups;
    this.#emit('everything');
    this.outbox.wakeAll();
  }

  /** Reads the MLS state of each conversation that goes on. */
  async #groupsOf(rows: ReadonlyMap<string, unknown>): Promise<Map<string, GroupState>> {
    const groups = new Map<string, GroupState>();
    const nowMs = this.platform.clock.now();
    for (const [key, row] of rows) {
      if (!key.startsWith(`${conversations.name}/`)) continue;
      const { id, state } = row as ConversationRow;
      if (state !== 'active' && state !== 'leaving') continue;
      const { result } = await this.core.call('group.state', { groupId: hex.decode(id), nowMs });
      groups.set(id, result);
    }
    return groups;
  }

  /** All rows of one generation. */
  async #snapshot() {
    for (;;) {
      const generation = await this.storage.generation();
      const core = await this.storage.scan({ prefix: CORE_PREFIX });
      const tables = await Promise.all(TABLES.map((name) => this.storage.scan({ prefix: `${name}/` })));
      if ((await this.storage.generation()) !== generation) continue;
      const records = core.map(({ key, value }) => ({ key: coreKeyOf(key), value }));
      return { generation, core: records, rows: tables.flat() };
    }
  }

  #emit(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function contention() {
  return sdkError(
    'STORE_CONTENTION',
    'Another tab or program keeps changing this account’s storage. Try again.',
  );
}

/** The name of a row's table, and its key in there. */
function splitKey(key: string): [name: string, rest: string] {
  const end = key.indexOf('/');
  return [key.slice(0, end), key.slice(end + 1)];
}

function requireVersion(rows: ReadonlyMap<string, unknown>): void {
  const account = rows.get(`${accounts.name}/${ACCOUNT}`) as { version: number } | undefined;
  if (account !== undefined && account.version !== STORE_VERSION) {
    const message =
      account.version > STORE_VERSION
        ? 'A newer version of quicprochat wrote this storage. Update, and try again.'
        : 'An older version of quicprochat wrote this storage, and this version cannot read it. Use an empty storage.';
    throw sdkError('STORE_VERSION', message);
  }
}
