import type { EntryId, GroupId } from '@quicprochat/protocol';
import { hasCode, QuicprochatError, sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { Relay } from '../transport/relay.ts';
import { Arrivals } from './arrivals.ts';
import { newEntryId } from '../model/entry-id.ts';
import type { Ledger } from '../state/ledger.ts';
import { LogReader, type Arrived, type CatchingUp } from '../log/reader.ts';
import { BatchSize } from '../outbox/batch-size.ts';
import { failureOf } from '../state/failures.ts';
import { Intake } from '../outbox/intake.ts';
import { OutboxSender } from '../outbox/sender.ts';
import type { GroupState } from '../worker/protocol.ts';
import { conversations, type ConversationRow, type Intent } from '../state/rows.ts';
import { isCommitDue, updateDue } from '../model/due.ts';
import { hasAdvanced, isContested, isReadable } from '../state/standing.ts';
import { Witness } from '../log/witness.ts';

/** One run of a conversation's work, and what to do in it. */
interface Run {
  finished: Promise<void>;
  /** Asked for while the run was under way: one more round. */
  again: boolean;
  /** What was put into the outbox on the group's behalf. What fails is not tried again in this run. */
  readonly tended: Map<Intent['type'], EntryId>;
  /** Rounds in a row that were behind and read nothing new. */
  stalled: number;
  /** Where the log stood after the last round that was behind. */
  stalledAt: ConversationRow | undefined;
  /** Whether what the relay's log did not have was sent again. Once: else a hostile relay could have it done for ever. */
  hasSentAgain: boolean;
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
  /** Where messages are stored to be sent. */
  readonly intake: Intake;
  readonly #ledger: Ledger;
  readonly #platform: Platform;
  readonly #reader: LogReader;
  readonly #sender: OutboxSender;
  readonly #sizes = new BatchSize();
  readonly #runs = new Map<string, Run>();
  /** What streams brought and is not applied yet. */
  readonly #arrived = new Arrivals();
  /** Conversations whose log has to be read before anything else: asked for, and not done yet. */
  readonly #unread = new Set<string>();
  /** Conversations whose log was read to its end since the client was opened. */
  readonly #caughtUp = new Set<string>();
  /** What stopped the last run of a conversation, if it does not go by itself, as the network's failures do. */
  readonly #troubles = new Map<string, QuicprochatError>();
  /** Told how each run ended, so that one that failed is run again. */
  onRun: ((conversationId: GroupId, error?: unknown) => void) | undefined;
  /** Told when somebody begins to wait for something that is to be sent. */
  onAwaited: (() => void) | undefined;
  /** Whether to leave commits that any member could make to the one whose turn it is. */
  patient = false;
  /** Whether the relay is known to be out of reach: then nothing that was not tried yet is started. */
  isAway: () => boolean = () => false;

  constructor({ ledger, relay, platform }: { ledger: Ledger; relay: Relay; platform: Platform }) {
    this.#ledger = ledger;
    this.#platform = platform;
    this.witness = new Witness({ ledger, relay, crypto: platform.publicCrypto });
    this.#reader = new LogReader(ledger, relay, this.witness);
    const sizes = this.#sizes;
    const isAway = () => this.isAway();
    this.#sender = new OutboxSender({ ledger, relay, platform, witness: this.witness, sizes, isAway });
    this.intake = new Intake({ ledger, sizes, maySend: (id) => this.#maySend(id) });
  }

  /**
   * Brings one conversation up to date. Resolves when nothing is left to do; throws what stopped it (NETWORK and the
   * like), and then what waits is still in the outbox.
   *
   * @param readLog whether to ask the relay for new entries first; a stream brings them without asking
   */
  drive(conversationId: GroupId, { readLog }: { readLog: boolean }): Promise<void> {
    if (readLog) this.#unread.add(conversationId);
    const current = this.#runs.get(conversationId);
    if (current !== undefined) {
      current.again = true;
      return current.finished;
    }
    const run: Run = {
      finished: Promise.resolve(),
      again: false,
      tended: new Map(),
      stalled: 0,
      stalledAt: undefined,
      hasSentAgain: false,
    };
    this.#runs.set(conversationId, run);
    run.finished = this.#run(conversationId, run);
    return run.finished;
  }

  /** Notes that the relay's log of a conversation ends where this device has read to. */
  noteEnd(conversationId: GroupId): void {
    this.#caughtUp.add(conversationId);
  }

  /** Why a conversation stands still, if not for a passing reason such as the network. */
  troubleOf(conversationId: GroupId): QuicprochatError | undefined {
    return this.#troubles.get(conversationId);
  }

  /** How far reading a conversation's log has come, while more of it is known to be there. */
  catchingUp(conversationId: GroupId): CatchingUp | undefined {
    return this.#reader.catchingUp(conversationId);
  }

  /** Does what time has made due in a conversation, and sends what waits in it. */
  async tend(conversationId: GroupId): Promise<void> {
    if (this.hasWork(conversationId)) await this.drive(conversationId, { readLog: false });
  }

  /** Whether anything is to be done in a conversation, whatever the others may have written. */
  hasWork(conversationId: GroupId): boolean {
    const row = this.#ledger.row(conversations, conversationId);
    // No stream follows an epoch that void commits have ended: what others bring for it has to be asked for.
    const isStanding = row !== undefined && isContested(row);
    const waits = this.#ledger.outbox.first(conversationId) !== undefined;
    return isStanding || waits || this.#dutyOf(conversationId) !== undefined;
  }

  /** Takes an entry that a stream brought. */
  deliver(conversationId: GroupId, arrived: Arrived): Promise<void> {
    const isTaken = this.#arrived.add(conversationId, arrived);
    return this.drive(conversationId, { readLog: !isTaken });
  }

  /** Puts a commit into the outbox, unless one for the same end waits already. */
  async intend(conversationId: GroupId, intent: Intent, { urgent }: { urgent: boolean }): Promise<EntryId> {
    const id = newEntryId(this.#platform.random);
    this.intake.divide();
    return this.#ledger.transact(async (tx) => {
      const same = tx
        .outboxRows(conversationId)
        .find((row) => row.kind === 'commit' && row.intent.type === intent.type && isInterchangeable(intent));
      if (same !== undefined) {
        tx.putOutbox({ ...same, wanted: (same.wanted ?? 1) + 1 });
        if (urgent) tx.hasten(same);
        return same.id;
      }
      const { id: groupId } = tx.conversation(conversationId);
      tx.enqueue({ kind: 'commit', conversationId: groupId, id, intent }, { urgent });
      return id;
    });
  }

  async #run(conversationId: GroupId, run: Run): Promise<void> {
    let failure: unknown;
    try {
      do await this.#round(conversationId, run);
      while (takeAgain(run));
    } catch (error) {
      // The ledger has noted that this device is stuck: nothing is left to be tried.
      if (hasCode(error, 'KEYS_ERASED') && !isReadable(this.#ledger.row(conversations, conversationId)))
        return;
      failure = error;
      throw error;
    } finally {
      // In the same turn as the last look at `again`: whoever asks from now on starts a run of their own.
      this.#runs.delete(conversationId);
      this.#noteTrouble(conversationId, failure);
      this.onRun?.(conversationId, failure);
    }
  }

  #noteTrouble(conversationId: GroupId, failure: unknown): void {
    const lasts =
      failure instanceof QuicprochatError &&
      !failure.retryable &&
      !hasCode(failure, 'CLOSED', 'STORE_VERSION');
    const before = this.#troubles.get(conversationId);
    if (lasts) this.#troubles.set(conversationId, failure);
    else this.#troubles.delete(conversationId);
    if (before?.code !== this.#troubles.get(conversationId)?.code) this.#ledger.announce(conversationId);
  }

  async #round(conversationId: GroupId, run: Run): Promise<void> {
    const before = this.#ledger.row(conversations, conversationId);
    if (!isReadable(before)) {
      this.#arrived.clear(conversationId);
      this.#unread.delete(conversationId);
      return;
    }
    await this.#read(conversationId);
    // Before what waits is sent: a message that fails must not keep the group from healing.
    await this.#tend(conversationId, run);
    const step = await this.#sender.step(conversationId);
    if (step === 'behind') await this.#countStall(run, before);
    run.again ||= step !== 'idle';
  }

  async #read(conversationId: GroupId): Promise<void> {
    // A group that the relay has not heard of yet has no log.
    if (this.#ledger.outbox.first(conversationId)?.kind === 'create') return;
    if (!(await this.#applyArrived(conversationId))) this.#unread.add(conversationId);
    // Before anything is encrypted: the log tells whether this storage was put back to an earlier state, or is a copy.
    if (!this.#caughtUp.has(conversationId) && this.hasWork(conversationId)) this.#unread.add(conversationId);
    const row = this.#ledger.row(conversations, conversationId);
    if (!this.#unread.has(conversationId) && !(row !== undefined && isContested(row))) return;
    this.#unread.delete(conversationId);
    try {
      await this.#reader.catchUp(conversationId);
      this.#caughtUp.add(conversationId);
    } catch (error) {
      this.#unread.add(conversationId);
      throw error;
    }
  }

  /**
   * What counts is that the log was read further since the last time, by this client or by another one of the same
   * storage: the other one may have read it before this round began.
   */
  async #countStall(run: Run, before: ConversationRow): Promise<void> {
    const now = this.#ledger.row(conversations, before.id);
    run.stalled = hasAdvanced(run.stalledAt ?? before, now) ? 0 : run.stalled + 1;
    run.stalledAt = now;
    this.#unread.add(before.id);
    if (run.stalled <= MAX_STALLED_ROUNDS) return;
    if (!run.hasSentAgain && (await this.#sender.sendAgain(before.id))) {
      run.hasSentAgain = true;
      run.stalled = 0;
      return;
    }
    throw sdkError(
      'RELAY_MISBEHAVED',
      'The relay announced more entries but did not deliver them. Tell whoever runs it.',
    );
  }

  /**
   * Applies what streams brought and the relay has signed for; false where something in between is missing. Taken from
   * the queue only after that: where the storage is busy, the next run finds it there.
   */
  async #applyArrived(conversationId: GroupId): Promise<boolean> {
    const entries = this.#arrived.of(conversationId);
    const signed = entries.slice(0, entries.findLastIndex(({ receipt }) => receipt !== undefined) + 1);
    const isComplete = await this.#reader.apply(conversationId, signed).catch(falseIfMisbehaved);
    // A page is asked for instead, which nothing is taken from without a receipt.
    const isOverdue = entries.length - signed.length > MAX_UNSIGNED;
    // Others may have come meanwhile, and stay.
    this.#arrived.take(conversationId, isOverdue ? entries.length : signed.length);
    return isComplete && !isOverdue;
  }

  /** Puts what the group needs of this member before all that waits: heal when due, commit others' proposals. */
  async #tend(conversationId: GroupId, run: Run): Promise<void> {
    const intent = this.#dutyOf(conversationId);
    if (intent === undefined || this.#hasFailed(run.tended.get(intent.type))) return;
    run.tended.set(intent.type, await this.intend(conversationId, intent, { urgent: true }));
  }

  #hasFailed(id: EntryId | undefined): boolean {
    return id !== undefined && failureOf(this.#ledger, id) !== undefined;
  }

  /** Whether a request with a message that is stored now would start at once, if nothing waits before it. */
  #maySend(conversationId: GroupId): boolean {
    const isRead = this.#caughtUp.has(conversationId) && !this.#unread.has(conversationId);
    return isRead && !this.isAway() && !this.#troubles.has(conversationId);
  }

  #dutyOf(conversationId: GroupId): Intent | undefined {
    const group = this.#ledger.group(conversationId);
    const conversation = this.#ledger.row(conversations, conversationId);
    if (group === undefined || !isReadable(conversation)) return undefined;
    if (this.#isServed(conversationId, group)) return undefined;
    if (conversation.state === 'leaving') return undefined;
    // The epoch still has no end that holds, and whoever is there first makes one. Or a copy of this device is about.
    if (isContested(conversation) || conversation.mustHeal === true) return { type: 'heal' };
    const nowMs = this.#platform.clock.now();
    const due = updateDue(group, nowMs);
    if (due === 'must' || (due === 'due' && !this.#isSealed(conversationId, group))) return { type: 'heal' };
    // Any member could commit a pending proposal; all at once would race, so the core gives turns (and `Live` asks again
    // after a while). A client that does not stay cannot wait for its own, and tries.
    if (group.hasPendingProposals && (isCommitDue(group, nowMs) || !this.patient))
      return { type: 'commit-proposals' };
    return undefined;
  }

  /**
   * Whether the next messages are sealed for the current epoch: they go before the healing that fell due with the last of
   * them, or they would have to be sealed again. Unless they fail: that must not keep the group from healing.
   */
  #isSealed(conversationId: GroupId, { epoch }: GroupState): boolean {
    const first = this.#ledger.outbox.first(conversationId);
    const isSealed = first?.kind === 'message' && first.prepared?.epoch === epoch;
    return isSealed && !this.#sizes.isReduced(conversationId);
  }

  /**
   * Whether what waits does the group's duties already. Any commit heals and takes up all proposals: the one that goes
   * next is enough, and one that is staged may be with the relay, so that nothing may take its place in the core.
   */
  #isServed(conversationId: GroupId, { hasPendingCommit }: GroupState): boolean {
    const first = this.#ledger.outbox.first(conversationId);
    return hasPendingCommit || first?.kind === 'create' || first?.kind === 'commit';
  }
}

/** Drops malformed entries from the queue, where they would fail again and again. The log is read instead. */
function falseIfMisbehaved(error: unknown): false {
  if (hasCode(error, 'RELAY_MISBEHAVED')) return false;
  throw error;
}

/** Whether another round was asked for; asked once, it is done once. */
function takeAgain(run: Run): boolean {
  const { again } = run;
  run.again = false;
  return again;
}

/** Healing once or committing all proposals once serves everyone who asked; adding Bob does not serve who adds Carol. */
function isInterchangeable(intent: Intent): boolean {
  return intent.type === 'heal' || intent.type === 'commit-proposals';
}
