import { fromBase64Url, toBase64Url } from '@quicprochat/protocol';
import { check, SAFETY_NUMBER } from '../model/arguments.ts';
import { isVerifiedAs } from '../account/contact-keys.ts';
import type { Ledger } from '../state/ledger.ts';
import { ACCOUNT, accounts, contacts, type ContactRow } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';
import { sdkError } from '../model/errors.ts';

/** The safety number that two people compared: 60 digits, with or without spaces. */
export interface Compared {
  safetyNumber: string;
}

/** The other accounts that this device knows, and which of them its person has verified. */
export class Contacts {
  readonly #ledger: Ledger;

  /** @internal */
  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * Returns the safety number of this account and another: 60 digits, the same on both sides. If two people compare it over
   * another channel and it matches, nobody is between them. If the contact's account key has changed, this is the number
   * of the changed key, which waits for a decision.
   *
   * @throws {UsageError} INVALID_ARGUMENT if this device has never met the handle, or if it is your own
   */
  async safetyNumber(handle: string): Promise<string> {
    const accountKey = fromBase64Url(keyToCompare(this.#require(handle)));
    return this.#ledger.query('client.safetyNumber', { handle, accountKey });
  }

  /**
   * Returns an id of the account key whose number {@link safetyNumber} gives. Undefined if this device has never met the
   * handle. When the id changes, a number that was shown before is out of date.
   */
  keyId(handle: string): string | undefined {
    const contact = this.#ledger.row(contacts, handle);
    return contact && keyToCompare(contact);
  }

  /**
   * Whether the person has verified this contact. With an account key: whether exactly that key was verified. Without one:
   * whether the contact's key was verified and no changed key waits for a decision.
   */
  isVerified(handle: string, accountKey?: Uint8Array): boolean {
    const contact = this.#ledger.row(contacts, handle);
    if (accountKey !== undefined) return isVerifiedAs(contact, toBase64Url(accountKey));
    return contact !== undefined && contact.verified && contact.changedKey === undefined;
  }

  /** Whether a changed account key was seen and waits for {@link verify} or {@link reject}. */
  hasChanged(handle: string): boolean {
    return this.#ledger.row(contacts, handle)?.changedKey !== undefined;
  }

  /**
   * Marks the compared account key as verified. If there is a changed key, that key is meant, and it becomes the contact's.
   *
   * @throws {UsageError} INVALID_ARGUMENT; SAFETY_NUMBER_MISMATCH if the number differs from the one that
   *   {@link safetyNumber} returns now. Nothing was changed.
   */
  async verify(handle: string, compared: Compared): Promise<void> {
    await this.#decide(handle, compared, ({ changedKey, ...contact }) => ({
      ...contact,
      accountKey: changedKey ?? contact.accountKey,
      verified: true,
    }));
  }

  /**
   * Rejects the changed account key that was compared. The contact keeps the earlier key, verified or not as before.
   *
   * @throws {UsageError} INVALID_ARGUMENT, also if no changed key waits for a decision; SAFETY_NUMBER_MISMATCH if the
   *   number is not the changed key's. Nothing was changed.
   */
  async reject(handle: string, compared: Compared): Promise<void> {
    await this.#decide(handle, compared, ({ changedKey, ...contact }) => {
      if (changedKey !== undefined) return contact;
      throw sdkError(
        'INVALID_ARGUMENT',
        'This contact has no changed account key to reject. Nothing needs to be done.',
      );
    });
  }

  /**
   * Removes the verification of the contact's key. A changed key that waits for a decision keeps waiting.
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
    if (handle === source.row(accounts, ACCOUNT)?.handle)
      throw sdkError('INVALID_ARGUMENT', 'This handle is your own. Name another person.');
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
