import { sdkError } from '../model/errors.ts';
import type { Clock, Random } from '../platform/platform.ts';
import { isSame } from '../storage/kept-key.ts';
import type { DeviceKey, KeptKey, KeySlotStorage, Storage } from '../storage/storage.ts';
import { encodeSlots, fileSlotOf, MAX_SLOTS, readSlots } from './document.ts';
import { costOf, type PassphraseCost } from '../model/key-slot-parts.ts';
import { isOf, type PasskeyReference, type Slot } from './slots.ts';
import { openAtOnce, openWith, type Unlock } from './unlock.ts';
import { deviceSlot, openByDevice, passphraseSlot, secretSlot, type Derive } from './wrapping.ts';

/** How often a change of the slots is tried again because another tab or process came first. */
const MAX_CONFLICTS = 20;
const ID_BYTES = 16;

/** What opens a slot that is to be added. */
export type Opener =
  | { passphrase: string; cost?: Partial<PassphraseCost> | undefined }
  | { secret: Uint8Array; passkey?: PasskeyReference | undefined };

interface Context {
  unlock: Unlock | undefined;
  derive: Derive;
  random: Random;
  clock: Clock;
}

/** A change of the slots. With it comes the device key that a new device slot was wrapped with. */
interface Edit {
  slots: Slot[];
  deviceKey?: DeviceKey;
}

/** The store key of one storage, and the slots that wrap it. */
export class StoreKey {
  readonly #storage: Storage;
  readonly #context: Context;
  #bytes: Uint8Array | undefined;
  #isForgotten = false;

  private constructor(storage: Storage, context: Context) {
    this.#storage = storage;
    this.#context = context;
  }

  /**
   * Unlocks a storage. One that holds nothing yet gets its key when {@link bytes} is asked for it.
   *
   * @throws {StorageError} STORE_LOCKED, PASSPHRASE_WRONG, SECRET_WRONG, STORE_KEY_MISSING, STORE_VERSION
   */
  static async open(storage: Storage, context: Context): Promise<StoreKey> {
    const storeKey = new StoreKey(storage, context);
    const { keySlots } = storage;
    const kept = await keySlots?.read();
    if (keySlots === undefined || kept === undefined) return storeKey;
    storeKey.#bytes = await storeKey.#unlock(kept);
    // If it fails, for instance because the disk is full, the next opening tries again.
    await storeKey.#hideBareKey(keySlots, kept).catch(() => undefined);
    return storeKey;
  }

  /** Returns the store key. If there is none yet, `fresh` becomes it. */
  async bytes(fresh?: Uint8Array): Promise<Uint8Array | undefined> {
    const { keySlots } = this.#storage;
    if (keySlots === undefined) return this.#storage.storeKey(fresh);
    this.#requireRemembered();
    this.#bytes ??= await this.#findOrCreate(keySlots, fresh);
    return this.#bytes?.slice();
  }

  /** Lets go of what the storage was opened with. To be called once the key is known. */
  forgetUnlock(): void {
    const { unlock } = this.#context;
    if (unlock !== undefined && 'secret' in unlock) unlock.secret.fill(0);
    this.#context.unlock = undefined;
  }

  /** Wipes the key. Whatever still wants to use it or to write slots is refused: a slot may have been made of a wiped key. */
  forget(): void {
    this.forgetUnlock();
    this.#isForgotten = true;
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  /** The slots as they are kept now. None if the storage has no slots. */
  async slots(): Promise<Slot[]> {
    const kept = await this.#storage.keySlots?.read();
    return kept === undefined ? [] : readSlots(kept.bytes);
  }

  /** @throws {StorageError} STORE_CONTENTION; {UsageError} KEY_SLOTS_UNSUPPORTED, KEY_SLOTS_FULL */
  async add(opener: Opener): Promise<Slot> {
    this.#requireSlots();
    const slot = await this.#slotFor(opener, this.#newId());
    await this.#edit((slots) => ({ slots: withSlot(slots, slot) }));
    return slot;
  }

  /** Adds the slot that opens the storage at once, if there is none. One whose device key was lost is made anew. */
  async addAutomatic(): Promise<Slot> {
    const fresh = await this.#automatic(this.#requireSlots(), this.#requireKey());
    const [slot] = fresh.slots as [Slot];
    // Of the last attempt alone: a slot of another tab's opens with that tab's device key, and must not be put beside ours.
    let result = slot;
    await this.#edit(async (slots, deviceKey) => {
      const present = slots.find(({ id }) => id === slot.id);
      const isThere = present !== undefined && (await canOpen(present, deviceKey));
      result = isThere ? present : slot;
      if (isThere) return { slots };
      return {
        ...fresh,
        slots: withSlot(
          slots.filter((one) => one !== present),
          slot,
        ),
      };
    });
    return result;
  }

  /** Puts another opener into a slot. */
  async change(id: string, opener: Opener): Promise<Slot> {
    this.#requireSlots();
    // Before a passphrase is worked on in vain.
    requireSlot(await this.slots(), id);
    const changed = await this.#slotFor(opener, id);
    await this.#edit((slots) => {
      const { kind } = requireSlot(slots, id);
      if (kind !== changed.kind)
        throw sdkError(
          'INVALID_ARGUMENT',
          'A key slot keeps its kind. Add another slot, and remove this one.',
        );
      return { slots: slots.map((slot) => (slot.id === id ? changed : slot)) };
    });
    return changed;
  }

  /** @throws {UsageError} KEY_SLOT_NOT_FOUND, KEY_SLOT_LAST */
  async remove(id: string): Promise<void> {
    this.#requireSlots();
    await this.#edit(async (slots, deviceKey) => {
      requireSlot(slots, id);
      const rest = slots.filter((slot) => slot.id !== id);
      const opening = await Promise.all(rest.map((slot) => canOpen(slot, deviceKey)));
      if (!opening.includes(true))
        throw sdkError(
          'KEY_SLOT_LAST',
          'Nothing else opens this account. Add another way to open it, then remove this one.',
        );
      return { slots: rest };
    });
  }

  async #unlock({ bytes, deviceKey }: KeptKey): Promise<Uint8Array> {
    const slots = readSlots(bytes);
    const { unlock, derive } = this.#context;
    return (await openAtOnce(slots, deviceKey)) ?? openWith(slots, unlock, derive);
  }

  async #findOrCreate(
    keySlots: KeySlotStorage,
    fresh: Uint8Array | undefined,
  ): Promise<Uint8Array | undefined> {
    const kept = await keySlots.read();
    if (kept !== undefined) return this.#unlock(kept);
    if (fresh === undefined) return undefined;
    const { slots, deviceKey } = await this.#first(keySlots, fresh);
    if (await keySlots.swap({ bytes: encodeSlots(slots), deviceKey }, undefined)) return fresh.slice();
    return this.#findOrCreate(keySlots, fresh);
  }

  /** The slots of a new storage: what the caller will unlock it with, or else what opens it at once. */
  async #first(keySlots: KeySlotStorage, storeKey: Uint8Array): Promise<Edit> {
    const { unlock } = this.#context;
    if (unlock === undefined) return this.#automatic(keySlots, storeKey);
    return { slots: [await this.#slotFor(unlock, this.#newId(), storeKey)] };
  }

  async #automatic(keySlots: KeySlotStorage, storeKey: Uint8Array): Promise<Edit> {
    const deviceKey = await keySlots.newDeviceKey?.();
    if (deviceKey === undefined) return { slots: [fileSlotOf(storeKey)] };
    const { random } = this.#context;
    return { slots: [await deviceSlot(storeKey, this.#now(), { deviceKey, random })], deviceKey };
  }

  /** A key that an earlier version kept as it is, in a place that can do better. Another tab may have been quicker. */
  async #hideBareKey(keySlots: KeySlotStorage, kept: KeptKey): Promise<void> {
    const before = readSlots(kept.bytes);
    if (!before.some(isOf('file')) || keySlots.newDeviceKey === undefined) return;
    const { slots, deviceKey } = await this.#automatic(keySlots, this.#requireKey());
    const after = before.flatMap((slot) => (isOf('file')(slot) ? slots : [slot]));
    await keySlots.swap({ bytes: encodeSlots(after), deviceKey }, kept.bytes);
  }

  async #slotFor(opener: Opener, id: string, storeKey = this.#requireKey()): Promise<Slot> {
    const { derive, random } = this.#context;
    const fresh = { id, addedAt: this.#now() };
    if ('passphrase' in opener) {
      const cost = costOf(opener.cost);
      return passphraseSlot(storeKey, fresh, { passphrase: opener.passphrase, cost, derive, random });
    }
    const { secret, passkey } = opener;
    return secretSlot(storeKey, fresh, { secret, passkey, random });
  }

  /** Changes the slots as they are when it is written: another tab or process may change them as well. */
  async #edit(
    change: (slots: Slot[], deviceKey: DeviceKey | undefined) => Edit | Promise<Edit>,
  ): Promise<void> {
    const keySlots = this.#requireSlots();
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const kept = await keySlots.read();
      if (kept === undefined) throw missing();
      const { slots, deviceKey = kept.deviceKey } = await change(readSlots(kept.bytes), kept.deviceKey);
      const needsDeviceKey = slots.some(isOf('device'));
      const next = { bytes: encodeSlots(slots), deviceKey: needsDeviceKey ? deviceKey : undefined };
      if (await swapOn(keySlots, next, kept.bytes)) return;
    }
    throw sdkError(
      'STORE_CONTENTION',
      'Another tab or program keeps changing this account’s storage. Try again.',
    );
  }

  /** @throws {UsageError} CLOSED */
  #requireRemembered(): void {
    if (this.#isForgotten) throw sdkError('CLOSED', 'The client is closed. Create a new one.');
  }

  #requireSlots(): KeySlotStorage {
    this.#requireRemembered();
    const { keySlots } = this.#storage;
    if (keySlots !== undefined) return keySlots;
    throw sdkError(
      'KEY_SLOTS_UNSUPPORTED',
      'This storage keeps its key in a way of its own. Use indexedDbStorage or sqliteStorage.',
    );
  }

  #requireKey(): Uint8Array {
    if (this.#bytes === undefined) throw missing();
    return this.#bytes;
  }

  /** As slots hold it, whatever clock this device has. */
  #now(): number {
    return Math.max(0, Math.trunc(this.#context.clock.now()));
  }

  #newId(): string {
    return Array.from(this.#context.random.bytes(ID_BYTES / 2), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('');
  }
}

/**
 * Swaps, and looks again if the storage fails: the change can be there already. Someone who hears that nothing was changed
 * throws the new passphrase or secret away, and it may be all that opens the storage now.
 */
async function swapOn(keySlots: KeySlotStorage, next: KeptKey, expected: Uint8Array): Promise<boolean> {
  try {
    return await keySlots.swap(next, expected);
  } catch (error) {
    const kept = await keySlots.read().catch(() => undefined);
    if (isSame(kept?.bytes, next.bytes)) return true;
    throw error;
  }
}

function withSlot(slots: readonly Slot[], slot: Slot): Slot[] {
  if (slots.length >= MAX_SLOTS)
    throw sdkError(
      'KEY_SLOTS_FULL',
      `An account can be opened in at most ${MAX_SLOTS} ways. Remove one first.`,
    );
  return [...slots, slot];
}

function requireSlot(slots: readonly Slot[], id: string): Slot {
  const slot = slots.find((one) => one.id === id);
  if (slot !== undefined) return slot;
  throw sdkError(
    'KEY_SLOT_NOT_FOUND',
    'No key slot has this id. List the key slots to see those that exist.',
  );
}

/** Not so a device slot whose key was lost or is another one, nor a slot of a kind that this version does not know. */
async function canOpen(slot: Slot, deviceKey: DeviceKey | undefined): Promise<boolean> {
  if (!isOf('device')(slot)) return ['passphrase', 'secret', 'file'].includes(slot.kind);
  return deviceKey !== undefined && (await openByDevice(slot, deviceKey)) !== undefined;
}

function missing() {
  return sdkError(
    'STORE_KEY_MISSING',
    'The key of this storage is missing. Put it back: the storage cannot be opened without it.',
  );
}
