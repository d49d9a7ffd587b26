import { fromBase64Url, toBase64Url } from '@quicprochat/protocol';
import { check, SAFETY_NUMBER } from './arguments.ts';
import { isVerifiedAs } from './engine/contacts.ts';
import type { Ledger } from './engine/ledger.ts';
import { contacts, type ContactRow } from './engine/rows.ts';
import type { Transaction } from './engine/transaction.ts';
import { sdkError } from './errors.ts';

/** What two people compared: 60 digits, with or without spaces. */
export interface Compared {
  safetyNumber: string;
}

/** What this device knows of other accounts, and what its person has verified. */
export class Contacts {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * The safety number of this account and another: 60 digits, the same on both sides. Two people who compare it by
   * another channel know that nobody stands between them. If the contact's account key has changed, this is the number
   * of the changed key, which waits for a decision.
   *
   * @throws {UsageError} INVALID_ARGUMENT if this device has never met the handle
   */
  async safetyNumber(handle: string): Promise<string> {
    const accountKey = fromBase64Url(keyToCompare(this.#require(handle)));
    return this.#ledger.query('client.safetyNumber', { handle, accountKey });
  }

  /**
   * Identifies the account key whose number {@link safetyNumber} gives, as text; undefined for a handle that this device
   * has never met. When it changes, the number that was shown before is out of date.
   */
  keyId(handle: string): string | undefined {
    const contact = this.#ledger.row(contacts, handle);
    return contact && keyToCompare(contact);
  }

  /**
   * Whether the person has compared safety numbers with this account. With an account key: whether that very key is the
   * one that was verified. Without: whether the contact's is, and no other key waits for a decision.
   */
  isVerified(handle: string, accountKey?: Uint8Array): boolean {
    const contact = this.#ledger.row(contacts, handle);
    if (accountKey !== undefined) return isVerifiedAs(contact, toBase64Url(accountKey));
    return contact !== undefined && contact.verified && contact.changedKey === undefined;
  }

  /** Whether another account key than the contact's was seen, and waits for {@link verify} or {@link reject}. */
  hasChanged(handle: string): boolean {
    return this.#ledger.row(contacts, handle)?.changedKey !== undefined;
  }

  /**
   * Marks as verified the account key that was compared: the changed one, if there is one, which becomes the contact's key.
   *
   * @throws {UsageError} INVALID_ARGUMENT; SAFETY_NUMBER_MISMATCH if the number is not that of the key that
   *   {@link safetyNumber} shows now. Nothing was changed.
   */
  async verify(handle: string, compared: Compared): Promise<void> {
    await this.#decide(handle, compared, ({ changedKey, ...contact }) => ({
      ...contact,
      accountKey: changedKey ?? contact.accountKey,
      verified: true,
    }));
  }

  /**
   * Rejects the changed account key that was compared. The contact's key stays what it was, and so does its mark.
   *
   * @throws {UsageError} INVALID_ARGUMENT, also if no changed key waits for a decision; SAFETY_NUMBER_MISMATCH if the
   *   number is not that of the changed key. Nothing was changed.
   */
  async reject(handle: string, compared: Compared): Promise<void> {
    await this.#decide(handle, compared, ({ changedKey, ...contact }) => {
      if (changedKey !== undefined) return contact;
      throw sdkError('INVALID_ARGUMENT', 'This contact has no changed account key to reject.');
    });
  }

  /**
   * Takes the mark away from the contact's key. A changed key that waits for a decision goes on waiting.
   *
   * @throws {UsageError} INVALID_ARGUMENT if this device has never met the handle
   */
  async unverify(handle: string): Promise<void> {
    await this.#ledger.transact(async (tx) => {
      tx.put(contacts, handle, { ...this.#require(handle, tx), verified: false });
    });
  }

  /** The number is computed in the transaction: the key may change between the comparison and the decision. */
  async #decide(
    handle: string,
    compared: Compared,
    decide: (contact: ContactRow) => ContactRow,
  ): Promise<void> {
    check(SAFETY_NUMBER, compared);
    const digits = compared.safetyNumber.replaceAll(/\s/g, '');
    await this.#ledger.transact(async (tx) => {
      const contact = this.#require(handle, tx);
      const accountKey = fromBase64Url(keyToCompare(contact));
      if ((await tx.call('client.safetyNumber', { handle, accountKey })) !== digits) throw mismatch(handle);
      tx.put(contacts, handle, decide(contact));
    });
  }

  #require(handle: string, source: Pick<Transaction, 'row'> = this.#ledger): ContactRow {
    const contact = source.row(contacts, handle);
    if (contact !== undefined) return contact;
    throw sdkError(
      'INVALID_ARGUMENT',
      'This device has never shared a conversation with this handle. Create one first.',
    );
  }
}

function keyToCompare({ changedKey, accountKey }: ContactRow): string {
  return changedKey ?? accountKey;
}

function mismatch(handle: string) {
  return sdkError(
    'SAFETY_NUMBER_MISMATCH',
    `This is not the current safety number that you share with ${handle}. Compare the number that is shown now.`,
    { details: { handle } },
  );
}
