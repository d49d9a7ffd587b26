import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
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
 * refers to it yet. Changes need the lock of the database.
 */
export class RingFile {
  readonly #path: string;
  #file: number | undefined;
  /** What was read last. Each change of the file comes with a new generation of the store. */
  #read: { generation: number; rows: readonly StoredRow[] } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** In the order of their keys, as they are at a generation of the store. */
  rows(generation: number): readonly StoredRow[] {
    if (this.#read?.generation !== generation) {
      const rows = this.#slots().flatMap((slot) => rowOf(slot) ?? []);
      this.#read = { generation, rows: rows.sort((a, b) => (a.key < b.key ? -1 : 1)) };
    }
    return this.#read.rows;
  }

  /** Puts rows in, flushed when this returns. One that is there already is replaced in its place. */
  put(rows: readonly StoredRow[]): void {
    if (rows.length === 0) return;
    this.#read = undefined;
    this.#add([...this.#takeBack(), ...rows]);
  }

  /**
   * The rows of a file that is not at its path any more, because somebody deleted it or put another one there: what is
   * written to it would be gone when it is closed, and with it the keys of the records of now.
   */
  #takeBack(): StoredRow[] {
    const { ino } = fstatSync(this.#open());
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === ino) return [];
    const rows = this.#slots().flatMap((slot) => rowOf(slot) ?? []);
    this.close();
    return rows;
  }

  #add(rows: readonly StoredRow[]): void {
    const slots = this.#slots().map((slot) => rowOf(slot)?.key);
    for (const row of rows) {
      const place = placeFor(row.key, slots);
      slots[place] = row.key;
      this.#write(place, slotOf(row));
    }
    fdatasyncSync(this.#open());
  }

  /** Overwrites rows, and whatever free slots hold, flushed when this returns. */
  erase(keys: ReadonlySet<string>): void {
    if (keys.size === 0) return;
    this.#read = undefined;
    for (const [place, slot] of this.#slots().entries()) {
      const key = rowOf(slot)?.key;
      const isOver = key === undefined ? slot.some((byte) => byte !== 0) : keys.has(key);
      if (isOver) this.#write(place, new Uint8Array(SLOT_BYTES));
    }
    fdatasyncSync(this.#open());
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #slots(): Uint8Array[] {
    const file = this.#open();
    const bytes = new Uint8Array(fstatSync(file).size);
    // A slot that was not read would look free, and be overwritten.
    for (let at = 0; at < bytes.length;) {
      const length = readSync(file, bytes, at, bytes.length - at, at);
      if (length === 0) throw new Error('the key ring was cut while it was read');
      at += length;
    }
    const slots: Uint8Array[] = [];
    for (let at = 0; at + SLOT_BYTES <= bytes.length; at += SLOT_BYTES)
      slots.push(bytes.subarray(at, at + SLOT_BYTES));
    return slots;
  }

  #write(place: number, slot: Uint8Array): void {
    const length = writeSync(this.#open(), slot, 0, SLOT_BYTES, place * SLOT_BYTES);
    // On a disk that is about to be full, what is written can end early, and without an error.
    if (length < SLOT_BYTES) throw Object.assign(new Error('a slot was written in part'), { code: 'ENOSPC' });
  }

  #open(): number {
    return (this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600));
  }
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

function slotOf({ key, value }: StoredRow): Uint8Array {
  const name = encoder.encode(key);
  if (HEAD_BYTES + name.length + value.length > SLOT_BYTES) throw new Error(`${key} is too long for a slot`);
  const slot = new Uint8Array(SLOT_BYTES);
  slot[CHECK_BYTES] = name.length;
  slot[CHECK_BYTES + 1] = value.length;
  slot.set(name, HEAD_BYTES);
  slot.set(value, HEAD_BYTES + name.length);
  viewOf(slot).setUint32(0, checkOf(slot));
  return slot;
}

/** Undefined for a free slot. */
function rowOf(slot: Uint8Array): StoredRow | undefined {
  if (viewOf(slot).getUint32(0) !== checkOf(slot)) return undefined;
  const [nameLength = 0, valueLength = 0] = slot.subarray(CHECK_BYTES, HEAD_BYTES);
  const valueAt = HEAD_BYTES + nameLength;
  return {
    key: decoder.decode(slot.subarray(HEAD_BYTES, valueAt)),
    value: slot.slice(valueAt, valueAt + valueLength),
  };
}

/** Never that of zeros. */
function checkOf(slot: Uint8Array): number {
  return crc32(slot.subarray(CHECK_BYTES));
}

function viewOf(slot: Uint8Array): DataView {
  return new DataView(slot.buffer, slot.byteOffset, slot.length);
}
