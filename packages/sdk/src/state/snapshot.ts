import type { GroupId } from '@quicprochat/protocol';
import type { GroupState } from '../worker/protocol.ts';
import { groupStateOf } from './group-rows.ts';
import { OutboxIndex } from './outbox-index.ts';
import { groups, outbox, rosters, type OutboxRow, type Table } from './rows.ts';

/** The rows of one generation of the store, held in memory, by table and key. */
export class Snapshot {
  /** What waits to be sent, as it stands in the rows. */
  readonly outbox = new OutboxIndex();
  readonly #tables = new Map<string, TableRows>();
  /** Made from their rows when first asked for. */
  readonly #groups = new Map<string, GroupState>();

  row<Row>(table: Table<Row>, key: string): Row | undefined {
    return this.#tables.get(table.name)?.get(key) as Row | undefined;
  }

  /** The rows of a table in the order of their keys. */
  rows<Row>(table: Table<Row>): Row[] {
    return (this.#tables.get(table.name)?.inOrder() ?? []) as Row[];
  }

  /** Whether there is such a row, without reading it. */
  holds(table: Table<unknown>, key: string): boolean {
    return this.#tables.get(table.name)?.has(key) ?? false;
  }

  /** The MLS state of an active conversation. */
  group(conversationId: GroupId): GroupState | undefined {
    const known = this.#groups.get(conversationId);
    if (known !== undefined) return known;
    const [row, roster] = [this.row(groups, conversationId), this.row(rosters, conversationId)];
    if (row === undefined || roster === undefined) return undefined;
    const group = groupStateOf(conversationId, row, roster);
    this.#groups.set(conversationId, group);
    return group;
  }

  /** Puts other rows in place of all. */
  replace(rows: ReadonlyMap<string, unknown>): void {
    this.#tables.clear();
    this.#groups.clear();
    this.outbox.clear();
    // The queues of the outbox count on this order.
    for (const key of [...rows.keys()].sort()) this.take(key, rows.get(key));
  }

  /** Takes a row over, which may be an {@link UnreadRow}, or its end. Returns the ids of what waits, or waited, in the outbox there. */
  take(key: string, row: unknown): string[] {
    const [name, rest] = splitKey(key);
    const table = this.#tables.get(name) ?? new TableRows();
    this.#tables.set(name, table);
    if (name === groups.name || name === rosters.name) this.#groups.delete(rest);
    const gone = name === outbox.name ? (table.get(rest) as OutboxRow | undefined) : undefined;
    table.set(rest, row);
    if (name !== outbox.name) return [];
    const there = row as OutboxRow | undefined;
    // In this order, so that what takes another's place keeps it.
    if (there !== undefined) this.outbox.put(there);
    if (gone !== undefined && gone.id !== there?.id) this.outbox.remove(gone);
    return [gone, there].flatMap((one) => one?.id ?? []);
  }
}

/** A row that is opened and decoded when it is first asked for. */
export class UnreadRow {
  /** @throws {StorageError} STORE_CORRUPT */
  readonly read: () => unknown;

  constructor(read: () => unknown) {
    this.read = read;
  }
}

/** The rows of one table. Their order is made when it is asked for, and kept until a row comes or goes. */
class TableRows {
  readonly #byKey = new Map<string, unknown>();
  #keys: readonly string[] | undefined;

  get(key: string): unknown {
    const row = this.#byKey.get(key);
    if (!(row instanceof UnreadRow)) return row;
    const read = row.read();
    this.#byKey.set(key, read);
    return read;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  set(key: string, row: unknown): void {
    if (this.#byKey.has(key) !== (row !== undefined)) this.#keys = undefined;
    if (row === undefined) this.#byKey.delete(key);
    else this.#byKey.set(key, row);
  }

  inOrder(): unknown[] {
    this.#keys ??= [...this.#byKey.keys()].sort();
    return this.#keys.map((key) => this.get(key));
  }
}

function splitKey(key: string): [table: string, rest: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}
