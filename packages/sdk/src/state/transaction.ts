import type { CipherSuite, GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import type { Message } from '../model/message.ts';
import type { Clock, Platform } from '../platform/platform.ts';
import type { Storage, StorageWrite } from '../storage/storage.ts';
import type {
  CallData,
  CallName,
  CallResult,
  CoreMember,
  GroupState,
  KeyPackageOwner,
  StateReport,
  StoreWrite,
} from '../worker/protocol.ts';
import type { WorkerCore } from '../worker/worker-core.ts';
import { encodeRow } from './codec.ts';
import { groupPrefixes } from './core-keys.ts';
import { writeOf } from './core-state.ts';
import { groupRowOf, membersOf, rosterRowOf } from './group-rows.ts';
import { LostGroup } from './lost-group.ts';
import { encodeMessage, messageOf, type MessageRow } from './message-rows.ts';
import type { OutboxIndex } from './outbox-index.ts';
import {
  conversations,
  groups,
  isUrgent,
  MESSAGE_PREFIX,
  messageKey,
  outbox,
  outboxKey,
  outboxOrder,
  rosters,
  type ConversationRow,
  type OutboxRow,
  type Table,
} from './rows.ts';

/** A row without what the outbox itself gives it. */
export type NewOutboxRow = OutboxRow extends infer Row
  ? Row extends OutboxRow
    ? Omit<Row, 'order' | 'conflicts'>
    : never
  : never;

/** A message without what its conversation gives it. */
export type NewMessage = MessageRow;

/** What a transaction reads from, and what it needs besides. */
export interface Base {
  readonly storage: Pick<Storage, 'get' | 'scan'>;
  readonly core: Pick<WorkerCore, 'call'>;
  readonly platform: Platform;
  readonly relayClock: Clock;
  readonly outbox: OutboxIndex;
  row<Row>(table: Table<Row>, key: string): Row | undefined;
  rows<Row>(table: Table<Row>): Row[];
  group(conversationId: GroupId): GroupState | undefined;
  /** Has the core hold a group in memory, before it is called on it. */
  needGroup(groupId: GroupId): Promise<void>;
  noteGroup(groupId: GroupId, what: 'entered' | 'forgotten'): void;
}

/** Lines of a history that are looked through for a message. */
const MOST_LOOKED_THROUGH = 1_000;

/** One change in the making: reads see what it has written so far, and nobody else does. */
export class Transaction {
  readonly rows = new Map<string, unknown>();
  readonly #base: Base;
  readonly #coreWrites: StoreWrite[] = [];
  /** The end of what is stored of groups that were given up. */
  readonly #abandoned: StorageWrite[] = [];
  readonly #messages = new Map<string, Message>();
  readonly #lookedThrough = new Map<GroupId, ReadonlySet<string>>();
  /** The groups that were called on, as they are since; undefined where that has to be asked for. */
  readonly #touchedGroups = new Map<GroupId, GroupState | undefined>();
  /** What this has put into outboxes or taken out of them, by id. */
  readonly #outbox = new Map<string, OutboxRow | undefined>();
  readonly #lastOrder = new Map<string, number>();

  constructor(base: Base) {
    this.#base = base;
  }

  get platform(): Platform {
    return this.#base.platform;
  }

  /** The time on this device's clock. */
  get nowMs(): number {
    return this.#base.platform.clock.now();
  }

  get touchedCore(): boolean {
    return this.#coreWrites.length > 0;
  }

  get isEmpty(): boolean {
    return this.rows.size === 0 && this.#messages.size === 0 && this.#coreWrites.length === 0;
  }

  row<Row>(table: Table<Row>, key: string): Row | undefined {
    const full = `${table.name}/${key}`;
    return this.rows.has(full) ? (this.rows.get(full) as Row | undefined) : this.#base.row(table, key);
  }

  /** Returns the rows of a table as they were before this transaction. */
  stored<Row>(table: Table<Row>): Row[] {
    return this.#base.rows(table);
  }

  put<Row>(table: Table<Row>, key: string, row: Row): void {
    this.rows.set(`${table.name}/${key}`, row);
  }

  remove(table: Table<unknown>, key: string): void {
    this.rows.set(`${table.name}/${key}`, undefined);
  }

  /** The conversation, which must exist. */
  conversation(id: GroupId): ConversationRow {
    const row = this.row(conversations, id);
    if (row === undefined) throw new Error('no such conversation in the store');
    return row;
  }

  update(id: GroupId, changes: Partial<ConversationRow>): ConversationRow {
    const row = { ...this.conversation(id), ...changes };
    this.put(conversations, id, row);
    return row;
  }

  /** A call to the core; what it changes there belongs to this transaction. */
  async call<Name extends CallName>(name: Name, data: CallData<Name>): Promise<CallResult<Name>> {
    const { result, writes } = await this.#base.core.call(name, data);
    this.#coreWrites.push(...writes);
    return result;
  }

  /** A call to the core on one group, whose new state is stored when the transaction ends. */
  async callGroup<Name extends CallName>(
    id: GroupId,
    name: Name,
    data: Omit<CallData<Name>, 'groupId' | 'nowMs'>,
  ): Promise<CallResult<Name>> {
    this.touchGroup(id);
    await this.#base.needGroup(id);
    // Another device's clock has set the lifetime of an added key package. All other times here are this device's own.
    const { platform, relayClock } = this.#base;
    const nowMs = (name === 'group.add' ? relayClock : platform.clock).now();
    const groupId = hex.decode(id);
    const query = { groupId, knownEpoch: this.row(groups, id)?.epoch };
    const { result, writes, report } = await this.#base.core.call(name, { ...data, groupId, nowMs }, query);
    this.#coreWrites.push(...writes);
    this.#touchedGroups.set(id, report && this.#completed(id, report));
    return result;
  }

  /** Whose a key package is, if this device may add it now. */
  inspectKeyPackage(keyPackage: Uint8Array, suite: CipherSuite): Promise<KeyPackageOwner> {
    const nowMs = this.#base.relayClock.now();
    return this.call('client.inspectKeyPackage', { keyPackage, suite, nowMs });
  }

  /** Makes a group with this device as its only member. */
  async createGroup(id: GroupId, data: { suite: CipherSuite; nowMs: number }): Promise<GroupState> {
    const group = await this.call('group.create', { groupId: hex.decode(id), ...data });
    this.#enter(id, group);
    return group;
  }

  /** Joins the group of a Welcome, which replaces what the core may have of that group from before. */
  async joinGroup(data: CallData<'group.join'>): Promise<CallResult<'group.join'>> {
    const { secrets, shared } = data;
    const id = hex.encode(await this.call('client.groupOfWelcome', { secrets, shared })) as GroupId;
    if (this.row(groups, id) !== undefined && !(await this.isThere(id))) await this.#abandonGroup(id);
    const joined = await this.call('group.join', data);
    this.#enter(id, joined.group);
    return joined;
  }

  /** The group as this transaction has left it so far. */
  async group(id: GroupId): Promise<GroupState> {
    const known = this.#touchedGroups.has(id) ? this.#touchedGroups.get(id) : this.#base.group(id);
    return known ?? this.#readGroup(id);
  }

  /** Has the state of a group read from the core when this ends, as after a change of the update policy. */
  touchGroup(id: GroupId): void {
    this.#touchedGroups.set(id, undefined);
  }

  /** Wipes the keys of a group that is over. */
  async forgetGroup(id: GroupId): Promise<void> {
    if (await this.isThere(id)) await this.call('group.forget', { groupId: hex.decode(id) });
    else await this.#abandonGroup(id);
    this.#base.noteGroup(id, 'forgotten');
    this.#touchedGroups.delete(id);
    this.remove(groups, id);
    this.remove(rosters, id);
  }

  /** Whether a group loads, or its keys are erased. */
  async isThere(id: GroupId): Promise<boolean> {
    try {
      await this.#base.needGroup(id);
      return true;
    } catch (error) {
      if (error instanceof LostGroup) return false;
      throw error;
    }
  }

  /** Gives up a group that does not load, with all that is stored of it. */
  async #abandonGroup(id: GroupId): Promise<void> {
    await this.call('group.abandon', { groupId: hex.decode(id) });
    for (const prefix of groupPrefixes(id)) {
      const records = await this.#base.storage.scan({ prefix });
      this.#abandoned.push(...records.map(({ key }) => ({ key, value: undefined })));
    }
  }

  /** Adds a line to a conversation's history. */
  append(id: GroupId, message: NewMessage): Message {
    const row = this.conversation(id);
    const complete: Message = { ...message, conversationId: id, position: row.nextPosition };
    this.#messages.set(messageKey(id, complete.position), complete);
    const countsAsUnread = !message.own && ['text', 'undecryptable'].includes(message.content.type);
    this.update(id, {
      nextPosition: row.nextPosition + 1,
      unread: row.unread + (countsAsUnread ? 1 : 0),
      lastMessage: complete,
      lastActivityMs: message.receivedAtMs,
    });
    return complete;
  }

  /** Whether somebody's message is among the last lines of a conversation. */
  async hasLine(conversationId: GroupId, { id, from }: Pick<Message, 'id' | 'from'>): Promise<boolean> {
    const own = [...this.#messages.values()].filter((line) => line.conversationId === conversationId);
    if (own.some((line) => line.id === id && line.from === from)) return true;
    return (await this.#lastLines(conversationId)).has(`${from}/${id}`);
  }

  /** Who said what in the last lines that are stored. Read once, since any member can ask for it with each message. */
  async #lastLines(conversationId: GroupId): Promise<ReadonlySet<string>> {
    const known = this.#lookedThrough.get(conversationId);
    if (known !== undefined) return known;
    const prefix = `${MESSAGE_PREFIX}${conversationId}/`;
    const stored = await this.#base.storage.scan({ prefix, limit: MOST_LOOKED_THROUGH, reverse: true });
    const lines = new Set(stored.map(messageOf).map(({ id, from }) => `${from}/${id}`));
    this.#lookedThrough.set(conversationId, lines);
    return lines;
  }

  /** Changes a line that stands in the history. */
  async amend(
    id: GroupId,
    position: number,
    changes: Partial<Pick<Message, 'state' | 'epoch'>>,
  ): Promise<void> {
    const key = messageKey(id, position);
    const stored = this.#messages.get(key) ?? (await this.#storedMessage(key));
    if (stored === undefined) return;
    const amended = { ...stored, ...changes };
    this.#messages.set(key, amended);
    if (this.conversation(id).lastMessage?.position === position) this.update(id, { lastMessage: amended });
  }

  /** Deletes all lines of a conversation's history. */
  forgetHistory(id: GroupId): void {
    for (let position = 1; position < this.conversation(id).nextPosition; position++) {
      const key = messageKey(id, position);
      this.#messages.delete(key);
      this.rows.set(key, undefined);
    }
  }

  /** Puts something at the end of the outbox; what others wait for (`urgent`) before all that is not. */
  enqueue(row: NewOutboxRow, { urgent = false } = {}): OutboxRow {
    const { conversationId: id } = row;
    const n = (this.#lastOrder.get(id) ?? this.#base.outbox.lastOf(id)) + 1;
    this.#lastOrder.set(id, n);
    const complete = { ...row, order: outboxOrder(urgent, n), conflicts: 0 };
    this.putOutbox(complete);
    return complete;
  }

  /** Moves something that waits, and was not prepared, to where the urgent things are. */
  hasten({ id }: OutboxRow): void {
    const row = this.outboxRow(id);
    if (row === undefined || isUrgent(row) || row.kind === 'create' || row.prepared !== undefined) return;
    this.removeOutbox(row);
    this.enqueue(row, { urgent: true });
  }

  putOutbox(row: OutboxRow): void {
    this.put(outbox, outboxKey(row), row);
    this.#outbox.set(row.id, row);
  }

  removeOutbox(row: OutboxRow): void {
    this.remove(outbox, outboxKey(row));
    this.#outbox.set(row.id, undefined);
  }

  /** What waits under this id. */
  outboxRow(id: string): OutboxRow | undefined {
    return this.#outbox.has(id) ? this.#outbox.get(id) : this.#base.outbox.byId(id);
  }

  /** What is to be sent next in a conversation. */
  firstInOutbox(id: GroupId): OutboxRow | undefined {
    let first: OutboxRow | undefined;
    for (const row of this.#outbox.values())
      if (row?.conversationId === id && (first === undefined || row.order < first.order)) first = row;
    for (const row of this.#base.outbox.of(id)) {
      if (this.#outbox.has(row.id)) continue;
      return first === undefined || row.order < first.order ? row : first;
    }
    return first;
  }

  /** All that waits in a conversation, first to go first. */
  outboxRows(id: GroupId): OutboxRow[] {
    const stored = [...this.#base.outbox.of(id)].filter((row) => !this.#outbox.has(row.id));
    const own = [...this.#outbox.values()].flatMap((row) => (row?.conversationId === id ? row : []));
    return [...stored, ...own].sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  /** Puts the state of every group that was touched to what is stored. */
  async finish(): Promise<void> {
    for (const [id, known] of this.#touchedGroups) {
      const group = known ?? (await this.#readGroup(id));
      this.#keepGroup(id, group);
      if (this.conversation(id).epoch !== group.epoch)
        this.update(id, { epoch: group.epoch, voidCommits: 0 });
    }
  }

  storageWrites(): StorageWrite[] {
    return [
      ...this.#abandoned,
      ...this.#coreWrites.map(writeOf),
      ...[...this.rows].map(([key, row]) => ({
        key,
        value: row === undefined ? undefined : encodeRow(row),
      })),
      ...[...this.#messages].map(([key, message]) => ({ key, value: encodeMessage(message) })),
    ];
  }

  /** The keys of the rows that this changes, core records excepted. */
  get changedKeys(): string[] {
    return [...this.rows.keys(), ...this.#messages.keys()];
  }

  #enter(id: GroupId, group: GroupState): void {
    this.#base.noteGroup(id, 'entered');
    this.put(groups, id, groupRowOf(group));
    this.put(rosters, id, rosterRowOf(group));
  }

  async #readGroup(id: GroupId): Promise<GroupState> {
    await this.#base.needGroup(id);
    const query = { groupId: hex.decode(id), knownEpoch: this.row(groups, id)?.epoch };
    const group = this.#completed(id, await this.call('group.state', query));
    this.#touchedGroups.set(id, group);
    return group;
  }

  /** What the core tells of a group, with its members if they are the known ones. */
  #completed(id: GroupId, { members, ...state }: StateReport): GroupState {
    return { ...state, members: members ?? this.#knownMembers(id) };
  }

  #knownMembers(id: GroupId): CoreMember[] {
    const roster = this.row(rosters, id);
    const isStored = roster !== undefined && roster === this.#base.row(rosters, id);
    return (isStored ? this.#base.group(id)?.members : undefined) ?? membersOf(roster);
  }

  /** Keeps what the core says of a group: what has changed of it. */
  #keepGroup(id: GroupId, group: GroupState): void {
    const [before, row] = [this.row(groups, id), groupRowOf(group)];
    if (JSON.stringify(before) !== JSON.stringify(row)) this.put(groups, id, row);
    if (before?.epoch !== group.epoch) this.put(rosters, id, rosterRowOf(group));
  }

  async #storedMessage(key: string): Promise<Message | undefined> {
    const stored = await this.#base.storage.get(key);
    return stored === undefined ? undefined : messageOf({ key, value: stored });
  }
}
