import type { EntryId } from '@quicprochat/protocol';
import { sdkError } from '../errors.ts';
import type { RelaySession } from '../transport/relay-session.ts';
import { Failures } from './failures.ts';
import { newEntryId } from './history.ts';
import type { Ledger } from './ledger.ts';
import { LogReader, type Arrived } from './log-reader.ts';
import { OutboxSender } from './outbox-sender.ts';
import { conversations, outbox, type ConversationRow, type Intent } from './rows.ts';
import { hasAdvanced, isContested, isReadable } from './standing.ts';
import { Witness } from './witness.ts';

/** One run of a conversation's work, and what to do in it. */
interface Run {
  finished: Promise<void>;
  /** Asked for while the run was under way: one more round. */
  again: boolean;
  readLog: boolean;
  /** What was put into the outbox on the group's behalf: once a run, so that a failing one cannot go round for ever. */
  readonly tended: Set<Intent['type']>;
  /** Rounds in a row that were behind and read nothing new. */
  stalled: number;
}

/** A relay that says there is more and never hands it out is given up after so many rounds. */
const MAX_STALLED_ROUNDS = 3;

/** Entries that wait for their receipt: more than a relay reads at once for a stream, which is what one is given for. */
const MAX_UNSIGNED = 64;

/**
 * Brings conversations up to date: reads the log, sends the outbox, heals when the policy says so, until nothing is
 * left to do. One run a conversation at a time; asking again while one is under way adds a round to it.
 */
export class Driver {
  readonly witness: Witness;
  /** Why something was taken out of the outbox unsent. */
  readonly failures = new Failures();
  readonly #ledger: Ledger;
  readonly #reader: LogReader;
  readonly #sender: OutboxSender;
  readonly #runs = new Map<string, Run>();
  readonly #arrived = new Map<string, Arrived[]>();
  /** Whether to leave commits that any member could make to the one whose turn it is. */
  patient = false;

  constructor(ledger: Ledger, relay: RelaySession) {
    this.#ledger = ledger;
    this.witness = new Witness(ledger, relay);
    this.#reader = new LogReader(ledger, relay, this.witness);
    this.#sender = new OutboxSender({ ledger, relay, witness: this.witness, failures: this.failures });
  }

  /**
   * Brings one conversation up to date. Resolves when nothing is left to do; throws what stopped it (NETWORK and the
   * like), and then what waits is still in the outbox.
   *
   * @param readLog whether to ask the relay for new entries first; a stream brings them without asking
   */
  drive(conversationId: string, { readLog }: { readLog: boolean }): Promise<void> {
    const current = this.#runs.get(conversationId);
    if (current !== undefined) {
      current.again = true;
      current.readLog ||= readLog;
      return current.finished;
    }
    const run: Run = { finished: Promise.resolve(), again: false, readLog, tended: new Set(), stalled: 0 };
    this.#runs.set(conversationId, run);
    run.finished = this.#run(conversationId, run);
    return run.finished;
  }

  /** Does what time has made due in a conversation, and sends it. */
  async tend(conversationId: string): Promise<void> {
    await this.#ledger.refreshGroup(conversationId);
    const row = this.#ledger.row(conversations, conversationId);
    // No stream follows an epoch that void commits have ended: what others bring for it has to be asked for.
    const isDue = (row !== undefined && isContested(row)) || this.#dutyOf(conversationId) !== undefined;
    if (isDue) await this.drive(conversationId, { readLog: false });
  }

  /** Takes an entry that a stream brought. */
  deliver(conversationId: string, arrived: Arrived): Promise<void> {
    const waiting = this.#arrived.get(conversationId) ?? [];
    waiting.push(arrived);
    this.#arrived.set(conversationId, waiting);
    return this.drive(conversationId, { readLog: false });
  }

  /** Puts a commit into the outbox, unless one for the same end waits already. */
  async intend(conversationId: string, intent: Intent, { urgent }: { urgent: boolean }): Promise<EntryId> {
    const id = newEntryId(this.#ledger.platform);
    return this.#ledger.transact(async (tx) => {
      const same = tx
        .outboxRows(conversationId)
        .find((row) => row.kind === 'commit' && row.intent.type === intent.type && isInterchangeable(intent));
      if (same !== undefined) return same.id;
      tx.enqueue(
        { kind: 'commit', conversationId: tx.conversation(conversationId).id, id, intent },
        { urgent },
      );
      return id;
    });
  }

  async #run(conversationId: string, run: Run): Promise<void> {
    try {
      do {
        run.again = false;
        const before = this.#ledger.row(conversations, conversationId);
        if (!isReadable(before)) return;
        await this.#read(conversationId, run);
        const step = await this.#sender.step(conversationId);
        if (step === 'behind') this.#countStall(run, before);
        run.again ||= step !== 'idle' || (await this.#tend(conversationId, run));
      } while (run.again);
    } finally {
      // In the same turn as the last look at `again`: whoever asks from now on starts a run of their own.
      this.#runs.delete(conversationId);
    }
  }

  async #read(conversationId: string, run: Run): Promise<void> {
    // A group that the relay has not heard of yet has no log.
    if (this.#ledger.rows(outbox, `${conversationId}/`)[0]?.kind === 'create') return;
    const complete = await this.#applyArrived(conversationId);
    const row = this.#ledger.row(conversations, conversationId);
    const isDone = complete && !run.readLog && !(row !== undefined && isContested(row));
    if (isDone) return;
    run.readLog = false;
    await this.#reader.catchUp(conversationId);
  }

  #countStall(run: Run, before: ConversationRow): void {
    const hasMoved = hasAdvanced(before, this.#ledger.row(conversations, before.id));
    run.stalled = hasMoved ? 0 : run.stalled + 1;
    run.readLog = true;
    if (run.stalled <= MAX_STALLED_ROUNDS) return;
    throw sdkError('RELAY_MISBEHAVED', 'The relay says that there is more to read and does not hand it out.');
  }

  /** Applies what streams brought and the relay has signed for; false where something in between is missing. */
  async #applyArrived(conversationId: string): Promise<boolean> {
    const entries = this.#arrived.get(conversationId) ?? [];
    const signed = entries.slice(0, entries.findLastIndex(({ receipt }) => receipt !== undefined) + 1);
    const unsigned = entries.slice(signed.length);
    // A page is asked for instead, which nothing is taken from without a receipt.
    const isOverdue = unsigned.length > MAX_UNSIGNED;
    this.#arrived.set(conversationId, isOverdue ? [] : unsigned);
    return (await this.#reader.apply(conversationId, signed)) && !isOverdue;
  }

  /** Does what the group needs of this member, once all else is sent: heal when due, commit others' proposals. */
  async #tend(conversationId: string, run: Run): Promise<boolean> {
    const intent = this.#dutyOf(conversationId);
    if (intent === undefined || run.tended.has(intent.type)) return false;
    run.tended.add(intent.type);
    await this.intend(conversationId, intent, { urgent: true });
    return true;
  }

  #dutyOf(conversationId: string): Intent | undefined {
    const group = this.#ledger.group(conversationId);
    const conversation = this.#ledger.row(conversations, conversationId);
    if (group === undefined || !isReadable(conversation)) return undefined;
    if (this.#ledger.rows(outbox, `${conversationId}/`).length > 0) return undefined;
    if (conversation.state === 'leaving') return undefined;
    // The epoch still has no end that holds, and whoever is there first makes one.
    if (isContested(conversation)) return { type: 'heal' };
    if (group.updateDue !== 'no') return { type: 'heal' };
    // Any member could commit a pending proposal; all at once would race, so the core gives turns (and `Live` asks again
    // after a while). A client that does not stay cannot wait for its own, and tries.
    if (group.hasPendingProposals && (group.commitDue || !this.patient)) return { type: 'commit-proposals' };
    return undefined;
  }
}

/** Healing once or committing all proposals once serves everyone who asked; adding Bob does not serve who adds Carol. */
function isInterchangeable(intent: Intent): boolean {
  return intent.type === 'heal' || intent.type === 'commit-proposals';
}
