import type { CipherSuite, DeviceId, EntryId, GroupId, Receipt } from '@quicprochat/protocol';
import type { StoredError } from '../model/errors.ts';
import type { Message } from '../model/message.ts';
import type { GroupRow, RosterRow } from './group-rows.ts';

/**
 * The SDK's own rows, beside the core's records: see codec.ts for their form. Each stands under a text key `table/…`;
 * bytes in rows are base64url. Keys are plain ASCII, and numbers in them are padded, so that the order of keys is the
 * order of things.
 */

/** The store as a whole. */
export interface StoreRow {
  /** The version of keys and rows. */
  version: number;
  /**
   * How far rows of an earlier version have been changed: up to and with the key `after`. See migrations/. Without the
   * proof that a client noted this, whoever has no key could have rows in the clear sealed.
   */
  migration?: { from: number; after: string; proof?: string };
  /** Of version 7 and later: by what its rows are sealed, see row-seal.ts. */
  id?: string;
  keyCheck?: string;
}

/** The version that this release writes. Earlier ones are brought to it when they are opened. */
export const STORE_VERSION = 7;

/** The account that the store belongs to. */
export interface AccountRow {
  relay: string;
  handle: string;
  deviceId: DeviceId;
  /** Whether the relay has confirmed the registration. */
  registered: boolean;
  inboxCursor: number;
  /** Up to where the relay has been told that it may delete. */
  inboxAcknowledged?: number;
  /** When all that the relay has of a suite was last made anew. */
  keyPackagesRenewedMs?: Partial<Record<CipherSuite, number>>;
  /** What the relay signs its receipts with, as it said when first asked. */
  receiptKey?: string;
}

/** What a person has written in a conversation and not sent. */
export interface DraftRow {
  text: string;
}

/** A change that was removed from the outbox because it failed or was cancelled. */
export interface FailureRow {
  id: EntryId;
  /** Grows with each transaction that adds failures, so that the oldest rows can be deleted first. */
  n: number;
  /** The reason. Undefined if the change was cancelled. */
  error?: StoredError;
}

export type ConversationState = 'active' | 'leaving' | 'left' | 'removed' | 'stuck' | 'forked';

export interface ConversationRow {
  id: GroupId;
  name: string;
  /** The account key of whoever invited this device, and will tell it the name: until a name has come. */
  nameFrom?: string | undefined;
  state: ConversationState;
  suite: CipherSuite;
  /** The epoch, kept here too so that it can be shown after the group's keys are gone. */
  epoch: number;
  /** How far the group's log has been read. */
  cursor: number;
  /** The log's head there, and the branch that it stands on; unknown until a first receipt. */
  head?: string;
  branch?: string;
  /** What the relay has signed of the log, the newest last. */
  receipts?: readonly Receipt[];
  /** What it has signed that cannot stand beside them. */
  fork?: readonly Receipt[];
  /** Commits for the epoch of the moment that were found void: the next one can hold. */
  voidCommits?: number;
  /**
   * Whether this storage may have been put back to an earlier state, or copied: then others may have what was encrypted
   * under the next keys. Nothing is encrypted before this device's next commit.
   */
  mustHeal?: boolean | undefined;
  /** Where the next message will stand in the history. */
  nextPosition: number;
  /** How far the person has read. */
  readPosition: number;
  unread: number;
  lastMessage?: Message;
  lastActivityMs: number;
}

/** What is known of another account. The first key seen is trusted, and a change is never accepted silently. */
export interface ContactRow {
  handle: string;
  accountKey: string;
  verified: boolean;
  /** Another account key that was seen later for the same handle. */
  changedKey?: string;
}

/** What a commit is to bring about. It outlives the commit: when another wins the epoch, it is built again from this. */
export type Intent =
  | { type: 'heal' }
  | { type: 'commit-proposals' }
  | { type: 'add'; claimed: ClaimedKeyPackage[] }
  | { type: 'remove'; handles: string[] };

export interface ClaimedKeyPackage {
  handle: string;
  deviceId: DeviceId;
  keyPackage: string;
}

/** A commit made and staged in the core for this epoch. */
export interface PreparedCommit {
  epoch: number;
  /** Which commit for that epoch it is, see `groups.commit`. */
  candidate: number;
  commit: string;
  nextAccessKey: string;
  welcome: PreparedWelcome | null;
}

/** For those whom the commit adds: what they share, and what each needs of its own. */
export interface PreparedWelcome {
  shared: string;
  joiners: { deviceId: DeviceId; secrets: string }[];
}

/** A message or proposal sealed for this epoch. */
export interface PreparedMessage {
  epoch: number;
  message: string;
}

interface OutboxBase {
  conversationId: GroupId;
  /** Place in the queue; lower goes first. */
  order: string;
  /** Also the id of the entry in the group's log, and with it the idempotency key. */
  id: EntryId;
  /** How often another's commit came first. */
  conflicts: number;
  /** Whether a request with it may have been started: from then on nobody can say that it will not happen. */
  attempted?: boolean;
  /** How many want it, if there is more than one: it can be withdrawn by the last of them only. */
  wanted?: number;
  /** Where the relay put it, when it was accepted before the log was read up to there. */
  accepted?: number | undefined;
  /** The commit that was to go before it, by its id. If that fails for good, this fails with it. */
  after?: EntryId;
}

/** What still has to reach the relay. */
export type OutboxRow = OutboxBase &
  (
    | { kind: 'create' }
    | {
        kind: 'message';
        payload: string;
        position?: number;
        /** For a message that gives the conversation another name. */
        renames?: { from: string; to: string };
        prepared?: PreparedMessage;
      }
    | { kind: 'leave'; prepared?: PreparedMessage }
    | {
        kind: 'commit';
        intent: Intent;
        prepared?: PreparedCommit;
        /** Whether it was staged after the conversation had to heal: a copy may have an earlier one as well. */
        heals?: boolean;
      }
  );

/** A message that waits. */
export type OutboxMessage = Extract<OutboxRow, { kind: 'message' }>;

/** A table of rows that are held in memory while the client is open. */
export interface Table<Row> {
  readonly name: string;
  /** Carries the type only. */
  readonly row?: Row;
}

export const stores: Table<StoreRow> = { name: 'store' };
export const accounts: Table<AccountRow> = { name: 'account' };
export const conversations: Table<ConversationRow> = { name: 'conversation' };
export const contacts: Table<ContactRow> = { name: 'contact' };
/** By the id of the conversation, as long as its group is kept. */
export const groups: Table<GroupRow> = { name: 'group' };
export const rosters: Table<RosterRow> = { name: 'roster' };
export const outbox: Table<OutboxRow> = { name: 'outbox' };
/** By the id of the conversation. */
export const drafts: Table<DraftRow> = { name: 'draft' };
/** By the id of the change. */
export const failures: Table<FailureRow> = { name: 'failure' };

/** The tables in memory. Core records and messages are not among them. */
export const TABLES = [
  stores,
  accounts,
  conversations,
  contacts,
  groups,
  rosters,
  outbox,
  drafts,
  failures,
].map(({ name }) => name);

/** The one row of the store table. */
export const HEADER = 'header';

/** The one row of the account table. */
export const ACCOUNT = 'own';

export const MESSAGE_PREFIX = 'message/';

export function messageKey(conversationId: GroupId, position: number): string {
  return `${MESSAGE_PREFIX}${conversationId}/${pad(position)}`;
}

/** Returns what the key of a message says. */
export function placeOf(key: string): { conversationId: string; position: number } {
  const [, conversationId = '', position = ''] = key.split('/');
  return { conversationId, position: Number(position) };
}

/** Commits that unblock others (healing, pending proposals) go before everything that waits. */
export function outboxOrder(urgent: boolean, n: number): string {
  return `${urgent ? 0 : 1}-${pad(n)}`;
}

export function isUrgent({ order }: { order: string }): boolean {
  return order.startsWith('0');
}

export function outboxKey(row: { conversationId: GroupId; order: string }): string {
  return `${row.conversationId}/${row.order}`;
}

/** Returns a number for a key: its order as text is that of the number. */
export function pad(n: number): string {
  return String(n).padStart(12, '0');
}
