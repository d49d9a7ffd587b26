import { FIRST_HEAD, toBase64Url, type CipherSuite, type GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { CANCELABLE, check, HANDLES, SUITE } from '../model/arguments.ts';
import { Conversation } from './conversation.ts';
import { claim } from '../account/claim.ts';
import type { ConversationParts } from './conversation-parts.ts';
import { learnContacts } from '../account/contact-keys.ts';
import { newEntryId } from '../model/entry-id.ts';
import { enteredRow } from '../state/entered.ts';
import type { Change } from '../state/ledger.ts';
import { encodeName } from '../content/messages.ts';
import { conversations, type ConversationRow } from '../state/rows.ts';
import { sdkError } from '../model/errors.ts';

/** The largest group that gets the hybrid post-quantum suite by default. */
export const HYBRID_MEMBERS = 256;
const HYBRID_SUITE = 0x004f;
const CLASSICAL_SUITE = 0x0003;

export interface CreateOptions {
  /** The name that all members see. It may be left out, and can be changed later. */
  name?: string;
  /** The handles to add. You are always a member. */
  members: readonly string[];
  /** Default: 0x004F (X25519 with ML-KEM-768) up to 256 members, 0x0003 beyond. It cannot be changed later. */
  suite?: CipherSuite;
  signal?: AbortSignal;
}

/** The conversations of this device. */
export class Conversations {
  readonly #parts: ConversationParts;
  readonly #known = new Map<string, Conversation>();
  #list: readonly Conversation[] | undefined;

  /** @internal */
  constructor(parts: ConversationParts) {
    this.#parts = parts;
    parts.ledger.onChange((change) => {
      this.#take(change);
    });
  }

  /** Returns all conversations, latest activity first. The array stays the same object until something changes. */
  list(): readonly Conversation[] {
    this.#list ??= [...this.#parts.ledger.rows(conversations)]
      .sort((a, b) => b.lastActivityMs - a.lastActivityMs)
      .map((row) => this.#object(row));
    return this.#list;
  }

  /**
   * Finds a conversation by its id, or else by its exact name.
   *
   * @throws {UsageError} CONVERSATION_NOT_FOUND, AMBIGUOUS_NAME
   */
  find(idOrName: string): Conversation {
    const rows = this.#parts.ledger.rows(conversations);
    const byId = rows.find(({ id }) => id === idOrName);
    if (byId !== undefined) return this.#object(byId);
    const [named, another] = rows.filter(({ name }) => name === idOrName);
    if (another !== undefined)
      throw sdkError('AMBIGUOUS_NAME', 'Several conversations have this name. Use the id.');
    if (named === undefined)
      throw sdkError(
        'CONVERSATION_NOT_FOUND',
        'No conversation has this id or name. Look it up in the list of conversations.',
      );
    return this.#object(named);
  }

  /**
   * Creates a conversation and adds its members in one commit. Resolves when the relay has accepted it. If aborted, creates
   * nothing, or rejects with TOO_LATE_TO_CANCEL if a request for it was started.
   *
   * @throws {UsageError} INVALID_ARGUMENT, also if you name only yourself
   * @throws {TransportError} NOT_FOUND if nobody has a handle, KEY_PACKAGES_EXHAUSTED, NETWORK; nothing was created. If the
   *   connection breaks after the start, the conversation is queued and goes on by itself
   * @throws {TransportError} QUOTA_EXCEEDED if the inbox of the member in `details.handle` is full; the conversation was created
   *   with you alone, and others can be added
   * @throws {TransportError} RELAY_MISBEHAVED if the relay returns other devices than those of the handles named; nothing
   *   was created
   * @throws {CryptoVerificationError} IDENTITY_CHANGED if a member's account key is not the one seen before
   */
  async create(options: CreateOptions): Promise<Conversation> {
    check(CANCELABLE, options);
    options.signal?.throwIfAborted();
    const { name = '', members, suite, signal } = options;
    check(HANDLES, members);
    check(SUITE, suite);
    const { ledger, relay, handle, platform, driver } = this.#parts;
    const others = [...new Set(members)].filter((member) => member !== handle);
    if (members.length > 0 && others.length === 0) {
      throw sdkError(
        'INVALID_ARGUMENT',
        'You are always in your own conversation. Name other people, or nobody.',
      );
    }
    const chosen = suite ?? (others.length < HYBRID_MEMBERS ? HYBRID_SUITE : CLASSICAL_SUITE);
    const payload = name === '' ? undefined : encodeName(platform, name);
    const claimed = await claim(ledger, relay, { suite: chosen, handles: others });
    signal?.throwIfAborted();

    const id = hex.encode(platform.random.bytes(16)) as GroupId;
    const nowMs = platform.clock.now();
    await ledger.transact(async (tx) => {
      const group = await tx.createGroup(id, { suite: chosen, nowMs });
      const atFirst = { cursor: 0, head: toBase64Url(FIRST_HEAD), branch: '' };
      tx.put(conversations, id, { ...enteredRow({ id, group, cursor: 0, nowMs }), ...atFirst, name });
      learnContacts(tx, group.members);
      tx.enqueue({ kind: 'create', conversationId: id, id: newEntryId(platform.random) });
      if (claimed.length > 0) {
        tx.enqueue({
          kind: 'commit',
          conversationId: id,
          id: newEntryId(platform.random),
          intent: { type: 'add', claimed },
        });
      }
      if (payload !== undefined)
        tx.enqueue({ kind: 'message', conversationId: id, id: payload.id, payload: payload.bytes });
    });
    // Nobody can have written anything there.
    driver.noteEnd(id);
    const conversation = this.find(id);
    await conversation.settle(signal ? { signal } : {});
    return conversation;
  }

  /**
   * Has all iterators over messages look at the store again, which may refuse that now.
   *
   * @internal
   */
  wake(): void {
    for (const conversation of this.#known.values()) conversation.wake();
  }

  /** Ends all iterators over messages. */
  close(): void {
    for (const conversation of this.#known.values()) conversation.close();
  }

  #take(change: Change): void {
    this.#list = undefined;
    for (const [id, conversation] of this.#known) {
      if (change === 'everything' || change.has(id)) conversation.touch();
    }
  }

  #object({ id }: ConversationRow): Conversation {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const conversation = new Conversation(id, this.#parts);
    this.#known.set(id, conversation);
    return conversation;
  }
}
