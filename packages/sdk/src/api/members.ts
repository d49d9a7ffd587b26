import type { GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { CANCELABLE, check, HANDLES } from '../model/arguments.ts';
import { claim } from '../account/claim.ts';
import { requireActive, type Cancelable, type ConversationParts } from './conversation-parts.ts';
import { conversations, type Intent } from '../state/rows.ts';
import { sdkError } from '../model/errors.ts';
import type { Member } from './security.ts';

/** The members of a conversation. Every change of them also renews the group's keys. */
export class Members {
  readonly #id: GroupId;
  readonly #parts: ConversationParts;
  readonly #commit: (intent: Intent, options: Cancelable) => Promise<{ epoch: number }>;

  /** @internal */
  constructor(
    id: GroupId,
    parts: ConversationParts,
    commit: (intent: Intent, options: Cancelable) => Promise<{ epoch: number }>,
  ) {
    this.#id = id;
    this.#parts = parts;
    this.#commit = commit;
  }

  /**
   * Returns one entry for each device. Empty if the conversation has ended for this device.
   *
   * @throws {StorageError} STORE_CORRUPT
   */
  list(): readonly Member[] {
    const members = this.#parts.ledger.group(this.#id)?.members ?? [];
    return members.map(({ handle, deviceId, own }) => ({ handle, deviceId: hex.encode(deviceId), own }));
  }

  /**
   * Adds everyone in one commit, or nobody. Handles that are already members are skipped.
   *
   * @throws {UsageError} CONVERSATION_ENDED, GROUP_TOO_LARGE, INVALID_ARGUMENT
   * @throws {TransportError} NOT_FOUND, KEY_PACKAGES_EXHAUSTED, COMMIT_CONTENTION, NETWORK; QUOTA_EXCEEDED if the inbox of the
   *   member in `details.handle` is full; RELAY_MISBEHAVED if the relay returns other devices than those of the handles named
   * @throws {CryptoVerificationError} IDENTITY_CHANGED
   */
  async add(handles: readonly string[], options: Cancelable = {}): Promise<{ epoch: number }> {
    check(HANDLES, handles);
    check(CANCELABLE, options);
    options.signal?.throwIfAborted();
    const { ledger, relay } = this.#parts;
    const row = ledger.row(conversations, this.#id);
    if (row === undefined)
      throw sdkError(
        'CONVERSATION_NOT_FOUND',
        'No conversation has this id. Look it up in the list of conversations.',
      );
    requireActive(row);
    const present = new Set(this.list().map(({ handle }) => handle));
    const missing = [...new Set(handles)].filter((handle) => !present.has(handle));
    if (missing.length === 0)
      throw sdkError(
        'INVALID_ARGUMENT',
        'Everyone named is already in the conversation. Nothing needs to be done.',
      );
    const claimed = await claim(ledger, relay, { suite: row.suite, handles: missing });
    return this.#commit({ type: 'add', claimed }, options);
  }

  /**
   * Removes everyone named, with all their devices, in one commit. From then on they can neither read nor write.
   *
   * @throws {UsageError} CONVERSATION_ENDED; INVALID_ARGUMENT if a handle is not a member, or is your own (use `leave`)
   * @throws {TransportError} COMMIT_CONTENTION, NETWORK
   */
  async remove(handles: readonly string[], options: Cancelable = {}): Promise<{ epoch: number }> {
    check(HANDLES, handles);
    const present = new Set(this.list().map(({ handle }) => handle));
    if (handles.includes(this.#parts.handle))
      throw sdkError('INVALID_ARGUMENT', 'You cannot remove yourself. Leave the conversation instead.');
    if (handles.length === 0 || handles.some((handle) => !present.has(handle))) {
      throw sdkError(
        'INVALID_ARGUMENT',
        'Somebody named is not in the conversation, or nobody is named. Name at least one person, and only its members.',
      );
    }
    return this.#commit({ type: 'remove', handles: [...handles] }, options);
  }
}
