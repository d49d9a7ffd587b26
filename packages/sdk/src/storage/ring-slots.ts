import type { StoredRow } from './storage.ts';

/**
 * Keys that must not remain once they are deleted, in a file of slots of one size. A slot is overwritten in place and
 * flushed: in a database, what is replaced stays in the log and in free pages.
 *
 * ```text
 * struct {
 *     uint32 check;              // CRC-32 of all that follows: tells a slot that was written in part
 *     uint8 key_length;
 *     uint8 value_length;
 *     opaque key[...];           // ASCII
 *     opaque value[...];
 *     opaque zeros[...];
 * } Slot;                        // 128 bytes
 * ```
 *
 * A slot whose check does not hold is free: it was erased, or it was being written when the program ended. Then nothing
 * refers to it yet. Whoever changes the file excludes others meanwhile.
 */
export class RingSlots {
  readonly #file: SlotFile;
  readonly #crc32: Crc32;

  /** @param crc32 Node's own, or ours: browsers have none */
  constructor(file: SlotFile, crc32: Crc32) {
    this.#file = file;
    this.#crc32 = crc32;
  }

  /** In the order of their keys. */
  rows(): StoredRow[] {
    const rows = this.#slots().flatMap((slot) => this.#rowOf(slot) ?? []);
    return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Puts rows in, flushed when this returns. One that is there already is replaced in its place. */
  put(rows: readonly StoredRow[]): void {
    const slots = this.#slots().map((slot) => this.#rowOf(slot)?.key);
    for (const row of rows) {
      const place = placeFor(row.key, slots);
      slots[place] = row.key;
      this.#write(place, this.#slotOf(row));
    }
    this.#file.flush();
  }

  /** Overwrites rows, and whatever free slots hold, flushed when this returns. */
  erase(keys: ReadonlySet<string>): void {
    for (const [place, slot] of this.#slots().entries()) {
      const key = this.#rowOf(slot)?.key;
      const isOver = key === undefined ? slot.some((byte) => byte !== 0) : keys.has(key);
      if (isOver) this.#write(place, new Uint8Array(SLOT_BYTES));
    }
    this.#file.flush();
  }

  #slots(): Uint8Array[] {
    const bytes = new Uint8Array(this.#file.size());
    // A slot that was not read would look free, and be overwritten.
    for (let at = 0; at < bytes.length;) {
      const length = this.#file.read(bytes.subarray(at), at);
      if (length === 0) throw new Error('the key ring was cut while it was read');
      at += length;
    }
    const slots: Uint8Array[] = [];
    for (let at = 0; at + SLOT_BYTES <= bytes.length; at += SLOT_BYTES)
      slots.push(bytes.subarray(at, at + SLOT_BYTES));
    return slots;
  }

  #slotOf({ key, value }: StoredRow): Uint8Array {
    const name = encoder.encode(key);
    if (HEAD_BYTES + name.length + value.length > SLOT_BYTES)
      throw new Error(`${key} is too long for a slot`);
    const slot = new Uint8Array(SLOT_BYTES);
    slot[CHECK_BYTES] = name.length;
    slot[CHECK_BYTES + 1] = value.length;
    slot.set(name, HEAD_BYTES);
    slot.set(value, HEAD_BYTES + name.length);
    viewOf(slot).setUint32(0, this.#crc32(slot.subarray(CHECK_BYTES)));
    return slot;
  }

  /** Undefined for a free slot. */
  #rowOf(slot: Uint8Array): StoredRow | undefined {
    if (viewOf(slot).getUint32(0) !== this.#crc32(slot.subarray(CHECK_BYTES))) return undefined;
    const [nameLength = 0, valueLength = 0] = slot.subarray(CHECK_BYTES, HEAD_BYTES);
    const valueAt = HEAD_BYTES + nameLength;
    return {
      key: decoder.decode(slot.subarray(HEAD_BYTES, valueAt)),
      value: slot.slice(valueAt, valueAt + valueLength),
    };
  }

  #write(place: number, slot: Uint8Array): void {
    const length = this.#file.write(slot, place * SLOT_BYTES);
    // On a disk that is about to be full, what is written can end early, and without an error.
    if (length < SLOT_BYTES) throw Object.assign(new Error('a slot was written in part'), { code: 'ENOSPC' });
  }
}

type Crc32 = (bytes: Uint8Array) => number;

/** A file that is read and written where it is: one of Node's, or one of a browser's origin private file system. */
export interface SlotFile {
  size(): number;
  /** Returns how many bytes were read. */
  read(into: Uint8Array, at: number): number;
  /** Returns how many bytes were written. */
  write(bytes: Uint8Array, at: number): number;
  /** Has what was written survive a power cut. */
  flush(): void;
}

const SLOT_BYTES = 128;
const CHECK_BYTES = 4;
const HEAD_BYTES = CHECK_BYTES + 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where a row goes: where it is, where nothing is, or at the end. */
function placeFor(key: string, slots: readonly (string | undefined)[]): number {
  const [own, free] = [slots.indexOf(key), slots.indexOf(undefined)];
  if (own !== -1) return own;
  return free === -1 ? slots.length : free;
}

function viewOf(slot: Uint8Array): DataView {
  return new DataView(slot.buffer, slot.byteOffset, slot.length);
}
