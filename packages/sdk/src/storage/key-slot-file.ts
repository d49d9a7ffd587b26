import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSame } from './kept-key.ts';
import type { KeptKey } from './storage.ts';

/**
 * What is kept of the store key, in a file that only its owner may read. Whoever replaces it holds a lock that excludes
 * other processes: the steps themselves only keep a crash from leaving half a file. The work is synchronous because the
 * lock is.
 */
export class KeySlotFile {
  readonly #path: string;
  readonly #draft: string;

  constructor(path: string) {
    this.#path = path;
    this.#draft = `${path}.new`;
  }

  read(): KeptKey | undefined {
    const bytes = this.#read();
    return bytes && { bytes };
  }

  /** Replaces the content if it is the expected one. Afterwards, overwrites the old content where it was. */
  swap(next: Uint8Array, expected: Uint8Array | undefined): boolean {
    // Left by a process that was killed: it may hold a key.
    overwrite(this.#draft);
    rmSync(this.#draft, { force: true });
    const present = this.#read();
    if (isSame(present, next)) return true;
    if (!isSame(present, expected)) return false;
    try {
      writeSynced(this.#draft, next);
      return expected === undefined ? this.#create() : this.#replace();
    } finally {
      rmSync(this.#draft, { force: true });
    }
  }

  /** A process that has no slots may create a key without the lock (key-file.ts), and must not be overwritten. */
  #create(): boolean {
    try {
      linkSync(this.#draft, this.#path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return false;
    }
    syncFolder(dirname(this.#path));
    return true;
  }

  #replace(): boolean {
    // Windows replaces no file that is open.
    const old = process.platform === 'win32' ? undefined : openSync(this.#path, 'r+');
    try {
      renameSync(this.#draft, this.#path);
      syncFolder(dirname(this.#path));
      if (old !== undefined) fill(old, { names: 0 });
    } finally {
      if (old !== undefined) closeSync(old);
    }
    return true;
  }

  #read(): Uint8Array | undefined {
    try {
      return new Uint8Array(readFileSync(this.#path));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Not through a link, which would lead to a file that is none of ours. (Windows has no such flag: it counts as 0.) */
function overwrite(path: string): void {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      fill(file, { names: 1 });
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (!['ENOENT', 'ELOOP'].includes(codeOf(error))) throw error;
  }
}

/**
 * Overwrites a file with zeros, as well as that works: many file systems and disks write to another place. A file that has
 * more names stays: it is a copy that somebody made, or, after a crash in between, the draft that has become the key file.
 */
function fill(file: number, { names }: { names: number }): void {
  const { size, nlink } = fstatSync(file);
  if (nlink > names) return;
  writeSync(file, new Uint8Array(size), 0, size, 0);
  fsyncSync(file);
}

/** So that the name is there after a power cut too. Windows knows no such thing, and needs none. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
