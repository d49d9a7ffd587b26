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
import { RingSlots, type SlotFile } from './ring-slots.ts';
import type { StoredRow } from './storage.ts';

/** The key ring in a file of Node's, for its owner alone. Changes need the lock of the database. */
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
    if (this.#read?.generation !== generation) this.#read = { generation, rows: this.#slots().rows() };
    return this.#read.rows;
  }

  /** Puts rows in, flushed when this returns. */
  put(rows: readonly StoredRow[]): void {
    if (rows.length === 0) return;
    this.#read = undefined;
    const before = this.#takeBack();
    this.#slots().put([...before, ...rows]);
  }

  /** Overwrites rows, flushed when this returns. */
  erase(keys: ReadonlySet<string>): void {
    if (keys.size === 0) return;
    this.#read = undefined;
    this.#slots().erase(keys);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /**
   * The rows of a file that is not at its path any more, because somebody deleted it or put another one there: what is
   * written to it would be gone when it is closed, and with it the keys of the records of now.
   */
  #takeBack(): StoredRow[] {
    const { ino } = fstatSync(this.#open());
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === ino) return [];
    const rows = this.#slots().rows();
    this.close();
    return rows;
  }

  #slots(): RingSlots {
    return new RingSlots(slotsIn(this.#open()), crc32);
  }

  #open(): number {
    return (this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600));
  }
}

function slotsIn(file: number): SlotFile {
  return {
    size: () => fstatSync(file).size,
    read: (into, at) => readSync(file, into, 0, into.length, at),
    write: (bytes, at) => writeSync(file, bytes, 0, bytes.length, at),
    flush: () => {
      fdatasyncSync(file);
    },
  };
}
