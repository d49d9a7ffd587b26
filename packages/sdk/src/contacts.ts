import { fromBase64Url } from '@quicprochat/protocol';
import { check, VERDICT } from './arguments.ts';
import type { Ledger } from './engine/ledger.ts';
import { contacts, type ContactRow } from './engine/rows.ts';
import { sdkError } from './errors.ts';

/** What this device knows of other accounts, and what its person has verified. */
export class Contacts {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * The safety number of this account and another: 60 digits, the same on both sides. Two people who compare it by
   * another channel know that nobody stands between them.
   *
   * @throws {UsageError} INVALID_ARGUMENT where this device has never met the handle
   */
  async safetyNumber(handle: string): Promise<string> {
    const contact = this.#require(handle);
    const accountKey = fromBase64Url(contact.changedKey ?? contact.accountKey);
    return this.#ledger.query('client.safetyNumber', { handle, accountKey });
  }

  /** Whether the person has compared safety numbers, and the key has not changed since. */
  isVerified(handle: string): boolean {
    const contact = this.#ledger.row(contacts, handle);
    return contact !== undefined && contact.verified && contact.changedKey === undefined;
  }

  /** Whether another account key than the first one was seen; nothing is sent to this contact until `verify`. */
  hasChanged(handle: string): boolean {
    return this.#ledger.row(contacts, handle)?.changedKey !== undefined;
  }

  /**
   * Notes the person's verdict on the key that {@link safetyNumber} shows. Of a changed key: `true` accepts it, and `false`
   * rejects it, so that the first one is the contact's key as before.
   */
  async verify(handle: string, verified: boolean): Promise<void> {
    check(VERDICT, verified);
    this.#require(handle);
    await this.#ledger.transact(async (tx) => {
      const { changedKey, ...contact } = tx.row(contacts, handle) ?? this.#require(handle);
      const accountKey = verified ? (changedKey ?? contact.accountKey) : contact.accountKey;
      const isRejection = !verified && changedKey !== undefined;
      tx.put(contacts, handle, {
        ...contact,
        accountKey,
        verified: isRejection ? contact.verified : verified,
      });
    });
  }

  #require(handle: string): ContactRow {
    const contact = this.#ledger.row(contacts, handle);
    if (contact !== undefined) return contact;
    throw sdkError('INVALID_ARGUMENT', 'This device has not met anyone with that handle.');
  }
}
