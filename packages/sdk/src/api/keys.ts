import {
  check,
  PASSKEY,
  PASSPHRASE,
  PASSPHRASE_COST,
  SECRET,
  SLOT_ID,
  SLOT_OPENER,
  SLOT_OPTIONS,
  STORAGE,
} from '../model/arguments.ts';
import { readSlots } from '../keys/document.ts';
import type { StoreKey, Opener } from '../keys/store-key.ts';
import type { PassphraseCost } from '../model/key-slot-parts.ts';
import { isOf, type PasskeyReference, type Slot } from '../keys/slots.ts';
import { opensAtOnce } from '../keys/unlock.ts';
import type { Storage } from '../storage/storage.ts';

/** One way to open the storage. It contains no secrets. */
export interface KeySlot {
  id: string;
  /**
   * - `passphrase`, `secret`: opens with `unlock: { passphrase }` or `unlock: { secret }` of `Client.create`.
   * - `device`: opens in this browser without asking, with a key that scripts can use and not read.
   * - `file`: opens without asking, because the key lies beside the storage.
   * - Any other kind comes from another version of the SDK. It stays as it is.
   */
  kind: string;
  /** When it was added or changed, in milliseconds since 1970. Undefined for a key file. */
  addedAt: number | undefined;
  /** Of a secret that comes from a passkey: pass this to `askPasskey`. */
  passkey: PasskeyReference | undefined;
}

export interface PassphraseOptions {
  /** What each try costs, in Argon2id's terms. Default 64 MiB and 3 passes: about half a second on a laptop. */
  cost?: Partial<PassphraseCost>;
}

export interface SecretOptions {
  /** The passkey that the secret comes from. It is stored in the slot, and readable while the storage is locked. */
  passkey?: PasskeyReference;
}

/**
 * What opens this client's storage: one key seals everything in it, and each slot wraps that key. A storage that has a
 * `device` or `file` slot opens by itself. To lock it, add a passphrase or a secret and remove that slot.
 *
 * Every method that changes something throws STORE_CONTENTION if other tabs or processes keep changing the slots, and
 * KEY_SLOTS_UNSUPPORTED if the storage is neither `indexedDbStorage` nor `sqliteStorage`, and has no `keySlots` of its own.
 */
export class Keys {
  readonly #storeKey: StoreKey;
  readonly #requireUsable: () => void;

  /** @internal */
  constructor(storeKey: StoreKey, requireUsable: () => void) {
    this.#storeKey = storeKey;
    this.#requireUsable = requireUsable;
  }

  /** Returns the slots in the order in which they were added. None if the storage keeps its key in a way of its own. */
  async list(): Promise<KeySlot[]> {
    this.#requireUsable();
    return (await this.#storeKey.slots()).map(describeSlot);
  }

  /** @throws {UsageError} KEY_SLOTS_FULL, INVALID_ARGUMENT */
  async addPassphrase(passphrase: string, options: PassphraseOptions = {}): Promise<KeySlot> {
    return describeSlot(await this.#storeKey.add(this.#passphrase(passphrase, options)));
  }

  /**
   * Adds 32 random bytes that the caller keeps: what `createPasskey` returns, or a recovery code.
   *
   * @throws {UsageError} KEY_SLOTS_FULL, INVALID_ARGUMENT
   */
  async addSecret(secret: Uint8Array, options: SecretOptions = {}): Promise<KeySlot> {
    return describeSlot(await this.#storeKey.add(this.#secret(secret, options)));
  }

  /** Adds the slot that opens the storage without asking, unless there is one: `device` in browsers, `file` in Node. */
  async addAutomatic(): Promise<KeySlot> {
    this.#requireUsable();
    return describeSlot(await this.#storeKey.addAutomatic());
  }

  /**
   * Replaces a slot's passphrase, or its secret. The earlier one opens nothing any more, except copies of the storage that
   * were made before.
   *
   * @throws {UsageError} KEY_SLOT_NOT_FOUND; INVALID_ARGUMENT, also if the slot is of another kind
   */
  async change(
    id: string,
    to: ({ passphrase: string } & PassphraseOptions) | ({ secret: Uint8Array } & SecretOptions),
  ): Promise<KeySlot> {
    check(SLOT_ID, id);
    check(SLOT_OPENER, to);
    const opener = 'secret' in to ? this.#secret(to.secret, to) : this.#passphrase(to.passphrase, to);
    return describeSlot(await this.#storeKey.change(id, opener));
  }

  /**
   * Removes a slot. Without a `device` or `file` slot, the storage is locked: the next `Client.create` needs `unlock`. This
   * client stays open until it is closed.
   *
   * @throws {UsageError} KEY_SLOT_NOT_FOUND, KEY_SLOT_LAST
   */
  async remove(id: string): Promise<void> {
    this.#requireUsable();
    check(SLOT_ID, id);
    await this.#storeKey.remove(id);
  }

  #passphrase(passphrase: string, options: PassphraseOptions): Opener {
    this.#requireUsable();
    check(PASSPHRASE, passphrase);
    check(SLOT_OPTIONS, options);
    const { cost } = options;
    check(PASSPHRASE_COST, cost);
    return { passphrase, cost };
  }

  #secret(secret: Uint8Array, options: SecretOptions): Opener {
    this.#requireUsable();
    check(SECRET, secret);
    check(SLOT_OPTIONS, options);
    const { passkey } = options;
    check(PASSKEY, passkey);
    // Copies, so that the caller can wipe or change its own at once.
    return { secret: new Uint8Array(secret), passkey: passkey && { ...passkey } };
  }
}

/** See `Client.isLocked`. */
export async function isLocked(storage: Storage): Promise<boolean> {
  check(STORAGE, storage);
  const kept = await storage.keySlots?.read();
  return kept !== undefined && !opensAtOnce(readSlots(kept.bytes), kept.deviceKey);
}

/** See `Client.keySlots`. */
export async function keySlotsOf(storage: Storage): Promise<KeySlot[]> {
  check(STORAGE, storage);
  const kept = await storage.keySlots?.read();
  return kept === undefined ? [] : readSlots(kept.bytes).map(describeSlot);
}

function describeSlot(slot: Slot): KeySlot {
  const addedAt = 'addedAt' in slot ? slot.addedAt : undefined;
  const passkey = isOf('secret')(slot) ? slot.passkey : undefined;
  return { id: slot.id, kind: slot.kind, addedAt, passkey };
}
