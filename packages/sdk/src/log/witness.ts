import {
  branchOf,
  contentOf,
  type EntryContent,
  type GroupEntry,
  type Receipt,
  type GroupId,
} from '@quicprochat/protocol';
import { sdkError } from '../model/errors.ts';
import { dropOutbox } from './endings.ts';
import type { LogStatement } from './fork.ts';
import { expectedHead, isSigned } from './receipts.ts';
import type { PublicCrypto } from '../platform/platform.ts';
import type { Relay } from '../transport/relay.ts';
import type { Ledger } from '../state/ledger.ts';
import { ACCOUNT, accounts, conversations, type ConversationRow } from '../state/rows.ts';
import { isInTurn } from '../state/standing.ts';

/** Receipts that are kept of a conversation, the newest: what another member's are compared with. */
const KEPT_RECEIPTS = 8;

/** How far a log has been read, on which branch, and what the relay has signed for it. */
export type Position = Pick<ConversationRow, 'cursor' | 'head' | 'branch'> & { receipts: readonly Receipt[] };

/** What the relay shows after a cursor, with the receipts of where it begins and ends. */
interface Shown {
  entries: readonly GroupEntry[];
  receipts: { before: Receipt; after: Receipt };
}

/**
 * Holds the relay to what it has signed. Each entry that is read goes into the log's head as this client works it out; a
 * relay that shows another log than before, or than it shows to others, signs for both.
 */
export class Witness {
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #crypto: PublicCrypto;

  constructor({ ledger, relay, crypto }: { ledger: Ledger; relay: Relay; crypto: PublicCrypto }) {
    this.#ledger = ledger;
    this.#relay = relay;
    this.#crypto = crypto;
  }

  /**
   * Checks what the relay shows after this conversation's cursor.
   *
   * @throws RELAY_FORKED where it has signed for another log before, RELAY_MISBEHAVED where it shows what it did not sign
   */
  async check(conversation: ConversationRow, { entries, receipts }: Shown): Promise<void> {
    const { before, after } = receipts;
    const last = entries.at(-1)?.sequence ?? conversation.cursor;
    const isOfPlace = before.sequence === conversation.cursor && after.sequence === last;
    const [first] = entries;
    if (!isOfPlace || (first !== undefined && !isInTurn(conversation, first))) throw unsigned();
    for (const receipt of [before, after]) await this.#requireSigned(conversation.id, receipt);
    if (conversation.head !== undefined && conversation.head !== before.head)
      throw await this.#forked(conversation, before);
    let { head, branch } = before;
    if (branch !== (conversation.branch ?? branch)) throw unsigned();
    for (const entry of entries) {
      const content = shownContent(entry);
      branch = branchAfter(branch, entry.sequence, content);
      head = expectedHead(head, { sequence: entry.sequence, content });
    }
    if (head !== after.head || branch !== after.branch) throw unsigned();
    if (conversation.head === undefined || conversation.branch === undefined)
      await this.#adopt(conversation, before);
  }

  /**
   * Where a reader stands after one more entry. Undefined where the receipt that came with it is not one for that: then
   * only {@link check} can tell what the relay has done. Also undefined for a new member that has read nothing of the log:
   * a receipt tells it the head, but not which entries led there.
   */
  async advance(
    conversation: ConversationRow,
    sequence: number,
    content: EntryContent,
    receipt?: Receipt,
  ): Promise<Position | undefined> {
    const { id, head: previous, branch: before, receipts: kept = [] } = conversation;
    if (previous === undefined || before === undefined) return undefined;
    const head = expectedHead(previous, { sequence, content });
    const branch = branchAfter(before, sequence, content);
    const position = { cursor: sequence, head, branch };
    if (receipt === undefined) return { ...position, receipts: kept };
    const key = this.#pinnedKey();
    const isRight = receipt.sequence === sequence && receipt.head === head && receipt.branch === branch;
    if (
      !isRight ||
      key === undefined ||
      !(await isSigned(this.#crypto, receipt, { receiptKey: key, groupId: id }))
    )
      return undefined;
    return { ...position, receipts: [...kept, receipt].slice(-KEPT_RECEIPTS) };
  }

  /** What the relay has signed of a conversation, to be compared with what it has signed for another member. */
  statement(conversationId: GroupId): LogStatement | undefined {
    const receiptKey = this.#pinnedKey();
    const row = this.#ledger.row(conversations, conversationId);
    if (receiptKey === undefined || row === undefined) return undefined;
    return { receiptKey, groupId: row.id, receipts: [...(row.receipts ?? []), ...(row.fork ?? [])] };
  }

  /** Who has just joined takes what the relay signs for the place where it begins to read. */
  async #adopt({ id, cursor }: ConversationRow, { head, branch }: Receipt): Promise<void> {
    await this.#ledger.transact(async (tx) => {
      const row = tx.conversation(id);
      if (row.cursor === cursor) tx.update(id, { head: row.head ?? head, branch: row.branch ?? branch });
    });
  }

  /**
   * Remembers the first key that the relay names, and takes no other. Not before a receipt was signed by it: what was
   * named by mistake would be remembered for ever.
   */
  async #requireSigned(conversationId: GroupId, receipt: Receipt): Promise<void> {
    const pinned = this.#pinnedKey();
    const receiptKey = pinned ?? (await this.#relay.receiptKey()).receiptKey;
    if (!(await isSigned(this.#crypto, receipt, { receiptKey, groupId: conversationId }))) throw unsigned();
    if (pinned !== undefined) return;
    await this.#ledger.transact(async (tx) => {
      const account = tx.row(accounts, ACCOUNT);
      if (account !== undefined) tx.put(accounts, ACCOUNT, { receiptKey, ...account });
    });
  }

  #pinnedKey(): string | undefined {
    return this.#ledger.row(accounts, ACCOUNT)?.receiptKey;
  }

  /** The log that the relay shows does not go on from where it was read. Asks what it signs for that place now. */
  async #forked(conversation: ConversationRow, before: Receipt): Promise<Error> {
    const { id, epoch, cursor, receipts = [] } = conversation;
    // Those of void commits stand behind the cursor.
    const ours = receipts.findLast(({ sequence }) => sequence <= cursor);
    if (ours === undefined) return unsigned();
    const theirs =
      ours.sequence === cursor
        ? before
        : (await this.#relay.groups.read({ groupId: id, epoch, cursor: ours.sequence, limit: 1 })).receipts
            .before;
    await this.#requireSigned(id, theirs);
    if (theirs.sequence !== ours.sequence || theirs.branch !== ours.branch || theirs.head === ours.head)
      return unsigned();
    await this.#ledger.transact(async (tx) => {
      // What waits goes to nobody, and of what this log has taken nobody knows who sees it.
      await dropOutbox(tx, id, forked());
      tx.update(id, { state: 'forked', fork: [theirs] });
    });
    return forked();
  }
}

/** Decoded once for all who look at an entry. */
const contents = new WeakMap<GroupEntry, EntryContent>();

/** @throws RELAY_MISBEHAVED where what is to be bytes is none */
export function shownContent(entry: GroupEntry): EntryContent {
  const known = contents.get(entry);
  if (known !== undefined) return known;
  try {
    const content = contentOf(entry);
    contents.set(entry, content);
    return content;
  } catch (cause) {
    throw sdkError('RELAY_MISBEHAVED', 'The relay sent a malformed entry. Tell whoever runs it.', {
      details: { reason: 'malformed' },
      cause,
    });
  }
}

/** The branch of a log after one more entry: a commit that was not the first for its epoch begins one. */
function branchAfter(branch: string, sequence: number, content: EntryContent): string {
  if (content.kind !== 'commit' || content.candidate === 0) return branch;
  return branchOf(branch, { sequence, candidate: content.candidate });
}

export function forked() {
  return sdkError(
    'RELAY_FORKED',
    'The relay signed two different logs of this conversation, so it cannot be trusted. Keep the receipts, and use another relay.',
  );
}

function unsigned() {
  return sdkError(
    'RELAY_MISBEHAVED',
    'The relay sent a log of this conversation that differs from the one it signed. Tell whoever runs it.',
    { details: { reason: 'contradictory-log' } },
  );
}
