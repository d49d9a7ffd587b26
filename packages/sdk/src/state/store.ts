import { toBase64Url, type GroupId } from '@quicprochat/protocol';
import type { Random } from '../platform/platform.ts';
import { StorageConflict, type Storage, type StorageWrite, type StoredRow } from '../storage/storage.ts';
import { decodeRow } from './codec.ts';
import { groupPrefixes, isOfCore, OWN_CORE_PREFIX, OWN_PREFIXES } from './core-keys.ts';
import { HEADER_KEY, readHeader, requireKey, requireVersion } from './header.ts';
import { changedSince, isCommitted, journalWrites } from './journal.ts';
import { awaitsMigration, migrate } from './migrations/migrate.ts';
import { groups, MESSAGE_PREFIX, rosters, STORE_VERSION, TABLES, type StoreRow } from './rows.ts';
import { SealedStorage, type UnopenedRow } from './sealed-storage.ts';
import { UnreadRow } from './snapshot.ts';
import { VersionedStorage } from './versioned-storage.ts';

/** The tables that grow with every conversation, and of which a row is needed when something is done there. */
const READ_LATER: readonly string[] = [groups.name, rosters.name];
const READ_AT_ONCE = TABLES.filter((name) => !READ_LATER.includes(name));

/** What others have committed since a generation. */
export interface Changes {
  until: number;
  /** Of everything that was changed; of messages only their conversation. */
  keys: readonly string[];
  /** The rows among it that are held in memory, in the order of their keys. */
  rows: ReadonlyMap<string, unknown>;
  core: readonly StorageWrite[];
}

/** The storage as the ledger uses it: generation by generation, each with a note of what it changed. */
export class Store {
  readonly storage: VersionedStorage;
  readonly #inner: Storage;
  readonly #sealed: SealedStorage;
  readonly #random: Random;

  constructor(storage: Storage, random: Random) {
    this.#inner = storage;
    this.#sealed = new SealedStorage(storage, random);
    this.storage = new VersionedStorage(this.#sealed);
    this.#random = random;
  }

  /**
   * Commits writes on top of a generation. Should the storage fail, the journal tells whether they were stored all the
   * same.
   *
   * @returns the new generation
   * @throws {StorageConflict} if others came first
   * @throws {Unsure} if nobody can tell
   */
  async commit(writes: readonly StorageWrite[], generation: number): Promise<number> {
    const next = generation + 1;
    const mark = toBase64Url(this.#random.bytes(9));
    const note = journalWrites(next, { mark, keys: writes.map(({ key }) => key) });
    try {
      return await this.storage.commit([...writes, ...note], generation);
    } catch (error) {
      const isStored = await isCommitted(this.storage, next, mark).catch(() => undefined);
      if (isStored === undefined && !(error instanceof StorageConflict)) throw new Unsure(error);
      if (isStored !== true) throw error;
      return next;
    }
  }

  /** Reads what was changed since a generation. Undefined if that cannot be told, so that everything has to be read. */
  async changesSince(since: number): Promise<Changes | undefined> {
    for (;;) {
      const until = await this.storage.generation();
      await this.storage.checkVersion();
      const keys = await changedSince(this.storage, { since, until });
      if (keys === undefined) return undefined;
      const changes = await this.#read(keys);
      if ((await this.storage.generation()) !== until) continue;
      const rows = changes.filter(({ key }) => !isOfCore(key));
      return {
        until,
        keys,
        rows: new Map(rows.map(({ key, value }) => [key, value && decodeRow(key, value)])),
        core: changes.filter(({ key }) => isOfCore(key)),
      };
    }
  }

  /**
   * Whether the rows were put back to an earlier state. To be asked before anything is committed. A store of a version before
   * 7 has no note of its generation, unless it was put where there was a newer one.
   */
  async wasPutBack(): Promise<boolean> {
    if (this.#inner.notedGeneration === undefined) return false;
    const noted = await this.#inner.notedGeneration();
    const header = await this.#inner.get(HEADER_KEY);
    if (header === undefined) return false;
    if (noted === undefined) return readHeader(header).version === STORE_VERSION;
    return noted > (await this.#inner.generation()) + 1;
  }

  /** Takes a note that is ahead back to where the rows are, once all that follows from it is stored. */
  async settleNote(): Promise<void> {
    const noted = (await this.#inner.notedGeneration?.()) ?? 0;
    const generation = await this.#inner.generation();
    if (noted > generation + 1) await this.#inner.noteGeneration?.(generation);
  }

  /** The records that the core opens from, in a store that is to be migrated. Undefined in any other. */
  async ownCoreRecordsOfBefore(): Promise<StoredRow[] | undefined> {
    const header = await this.#inner.get(HEADER_KEY);
    if (header === undefined || !awaitsMigration(readHeader(header))) return undefined;
    return this.#inner.scan({ prefix: OWN_CORE_PREFIX });
  }

  /** Brings a store of an earlier version to this one. Before anything else is read. */
  migrate(): Promise<void> {
    return migrate(this.#inner, this.#random);
  }

  /** Deletes everything at a generation, whatever it is. */
  async deleteAll(generation: number): Promise<void> {
    const rows = await this.#inner.scan({ prefix: '' });
    const deletions = rows.map(({ key }) => ({ key, value: undefined }));
    await this.#inner.commit(deletions, generation);
  }

  /** Reads all rows that are held in memory, and the core's own records, of one generation. */
  async readAll(): Promise<{ generation: number; own: StoredRow[]; rows: Map<string, unknown> }> {
    for (;;) {
      const generation = await this.storage.generation();
      await this.storage.checkVersion();
      const own = await this.ownCoreRecords();
      const tables = await Promise.all(READ_AT_ONCE.map((name) => this.storage.scan({ prefix: `${name}/` })));
      const later = await Promise.all(
        READ_LATER.map((name) => this.#sealed.scanUnopened({ prefix: `${name}/` })),
      );
      if ((await this.storage.generation()) !== generation) continue;
      return { generation, own, rows: new Map([...decodeRows(tables.flat()), ...unreadRows(later.flat())]) };
    }
  }

  /** The records that the core opens from. */
  ownCoreRecords(): Promise<StoredRow[]> {
    return this.#scanAll(OWN_PREFIXES);
  }

  /** The records that the core loads a group from. */
  groupRecords(groupId: GroupId): Promise<StoredRow[]> {
    return this.#scanAll(groupPrefixes(groupId));
  }

  async #scanAll(prefixes: readonly string[]): Promise<StoredRow[]> {
    const rows = await Promise.all(prefixes.map((prefix) => this.storage.scan({ prefix })));
    return rows.flat();
  }

  /** The key that everything here is sealed with; a new one for a store that has none. */
  async key({ isNew }: { isNew: boolean }): Promise<Uint8Array> {
    return requireKey(await this.storage.storeKey(isNew ? this.#random.bytes(32) : undefined));
  }

  /** Messages are read when they are shown. */
  #read(keys: readonly string[]): Promise<StorageWrite[]> {
    const held = keys.filter((key) => !key.startsWith(MESSAGE_PREFIX)).sort();
    return Promise.all(held.map(async (key) => ({ key, value: await this.storage.get(key) })));
  }
}

/** A commit failed, and nobody can tell whether it was stored: it must not be done again. */
export class Unsure extends Error {
  constructor(cause: unknown) {
    super('a commit may have been stored', { cause });
  }
}

function decodeRows(stored: readonly StoredRow[]): Map<string, unknown> {
  const header = stored.find(({ key }) => key === HEADER_KEY);
  // Before anything else is read: rows of another version may have another form.
  if (stored.length > 0) requireVersion(header && (decodeRow(HEADER_KEY, header.value) as StoreRow));
  return new Map(stored.map(({ key, value }) => [key, decodeRow(key, value)]));
}

function unreadRows(stored: readonly UnopenedRow[]): Array<[string, UnreadRow]> {
  return stored.map(({ key, open }) => [key, new UnreadRow(() => decodeRow(key, open()))]);
}
