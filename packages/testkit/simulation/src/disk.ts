import {
  RING_PREFIX,
  StorageConflict,
  StorageError,
  type KeySlotStorage,
  type ScanRange,
  type Storage,
  type StoredRow,
} from '@quicprochat/sdk';
import { Rng } from '@quicprochat/testkit';
import type { Tab } from './tab.ts';
import { Tally } from './tally.ts';

/** The probability of each fault, per operation. */
export interface DiskFaults {
  /** Reading fails. */
  failedRead: number;
  /** A commit fails, and nothing is stored. */
  failedCommit: number;
  /** A commit is stored, and fails all the same: its answer is lost. */
  lostCommit: number;
}

export const SOUND: DiskFaults = { failedRead: 0, failedCommit: 0, lostCommit: 0 };

/**
 * What can become of the first commit after a storage was put back or copied. Busy: it fails once. Full: it fails until
 * there is room again. Closed: it fails, and nothing more can be done with the storage in that tab.
 */
export const MISHAPS = ['busy', 'full', 'closed'] as const;
export type Mishap = (typeof MISHAPS)[number];

/** How many commits fail at most while a storage is full. */
const MOST_WHILE_FULL = 8;

/** What a storage holds after one commit. */
interface Frame {
  rows: ReadonlyMap<string, Uint8Array>;
  generation: number;
}

/** A device's storage. All tabs of the device share it, and it survives them. */
export class Disk {
  readonly #rng: Rng;
  readonly #tally: Tally;
  #now: Frame = { rows: new Map(), generation: 0 };
  /** What it was since the device last made a commit of a group: put back to before that, it could not follow the group. */
  #frames: Frame[] = [];
  /** How often it was put back. What was on its way to it before that does not arrive. */
  #putBacks = 0;
  #key: Uint8Array | undefined;
  /** Whether it keeps slots that wrap the key, and not the key. */
  readonly isLocked: boolean;
  #slots: Uint8Array | undefined;
  /** The generation that is noted apart from the rows. */
  #noted: number | undefined;
  #mishap: Mishap | undefined;
  #failuresLeft = 0;
  readonly #closedTabs = new WeakSet<Tab>();
  readonly #listeners = new Map<Tab, Set<() => void>>();
  #faults = SOUND;

  constructor(rng: Rng, { isLocked = false, tally = new Tally() } = {}) {
    this.#rng = rng;
    this.#tally = tally;
    this.isLocked = isLocked;
  }

  /** Whether there are slots by now, so that nothing opens without one of them. */
  get hasSlots(): boolean {
    return this.#slots !== undefined;
  }

  set faults(faults: DiskFaults) {
    this.#faults = faults;
    this.#mishap = undefined;
  }

  /** Has something become of the next commit. */
  set mishap(mishap: Mishap) {
    this.#mishap = mishap;
    this.#failuresLeft = mishap === 'full' ? 1 + this.#rng.below(MOST_WHILE_FULL) : 1;
  }

  /** Returns the storage for one tab. Each call takes a moment. A tab that is killed meanwhile gets no answer. */
  openFor(tab: Tab): Storage {
    return {
      generation: () => tab.later('generation', () => this.#read(tab, () => this.#now.generation)),
      get: (key) => tab.later('get', () => this.#read(tab, () => this.#now.rows.get(key)?.slice())),
      scan: (range) => tab.later('scan', () => this.#read(tab, () => this.#scan(range))),
      // The commit and its answer are two events, so that a tab can be killed between them.
      commit: async (writes, expected) => {
        const putBacks = this.#putBacks;
        const generation = await tab.work(`commit ${writes.length}`, () => {
          if (putBacks !== this.#putBacks) throw new StorageConflict();
          return tab.commit(() => this.#commit(tab, writes, expected));
        });
        tab.onCommit();
        return tab.later('committed', () => {
          this.#failSometimes('lostCommit');
          return generation;
        });
      },
      storeKey: (fresh) =>
        tab.later('key', () => this.#read(tab, () => (this.#key ??= fresh?.slice())?.slice())),
      ...(this.isLocked && { keySlots: this.#slotsFor(tab) }),
      notedGeneration: () => tab.later('note', () => this.#read(tab, () => this.#noted)),
      noteGeneration: (generation) =>
        tab.work('notes', () => this.#write(tab, () => void (this.#noted = generation))),
      onForeignCommit: (listener) => this.#listen(tab, listener),
      close: async () => undefined,
    };
  }

  /** Whether it can be put back to what it was before its last commit, or earlier. */
  get canBePutBack(): boolean {
    return this.#frames.length > 1;
  }

  /**
   * Puts all rows back to what they were a random number of commits ago, sometimes with the note of their generation. No
   * tab may be open.
   *
   * @param options.exceptRing whether the key ring stays as it is: then what was sealed for an epoch that is over does not open
   */
  putBack({ exceptRing }: { exceptRing: boolean }): void {
    this.#putBacks += 1;
    const ring = [...this.#now.rows].filter(isOfRing);
    this.#frames.length -= 1 + this.#rng.below(this.#frames.length - 1);
    const { rows, generation } = this.#frames.at(-1) ?? this.#now;
    const others = [...rows].filter((row) => !isOfRing(row));
    this.#now = { rows: exceptRing ? new Map([...others, ...ring]) : rows, generation };
    if (this.#rng.chance(0.5)) this.#noted = this.#now.generation;
  }

  /** Returns another disk with a copy of everything. */
  copy(): Disk {
    const copy = new Disk(new Rng(this.#rng.below(2 ** 31)), { isLocked: this.isLocked, tally: this.#tally });
    copy.#now = this.#now;
    copy.#key = this.#key?.slice();
    copy.#slots = this.#slots?.slice();
    copy.#noted = this.#noted;
    copy.#faults = this.#faults;
    return copy;
  }

  #slotsFor(tab: Tab): KeySlotStorage {
    const bytes = () => this.#slots && { bytes: this.#slots.slice() };
    return {
      read: () => tab.later('slots', () => this.#read(tab, bytes)),
      swap: (next, expected) =>
        tab.work('swaps slots', () =>
          this.#write(tab, () => {
            if (!isSame(this.#slots, expected)) return isSame(this.#slots, next.bytes);
            this.#slots = next.bytes.slice();
            return true;
          }),
        ),
    };
  }

  #read<Result>(tab: Tab, read: () => Result): Result {
    this.#requireOpen(tab);
    this.#failSometimes('failedRead');
    return read();
  }

  #write<Result>(tab: Tab, write: () => Result): Result {
    this.#requireOpen(tab);
    this.#failSometimes('failedCommit');
    return write();
  }

  #failSometimes(fault: keyof DiskFaults): void {
    const probability = this.#faults[fault];
    if (probability === 0 || !this.#rng.chance(probability)) return;
    this.#tally.add(fault);
    throw failed();
  }

  #requireOpen(tab: Tab): void {
    if (this.#closedTabs.has(tab)) throw failed();
  }

  #commit(tab: Tab, writes: Parameters<Storage['commit']>[0], expected: number): number {
    this.#requireOpen(tab);
    if (expected !== this.#now.generation) throw new StorageConflict();
    // A storage notes the generation before it writes the rows.
    this.#noted = Math.max(this.#noted ?? 0, expected + 1);
    this.#haveMishap(tab);
    this.#failSometimes('failedCommit');
    const next = new Map(this.#now.rows);
    for (const { key, value } of writes) {
      if (value === undefined) next.delete(key);
      else next.set(key, value.slice());
    }
    this.#now = { rows: next, generation: expected + 1 };
    if (tab.takeHasCommitted()) this.#frames = [];
    this.#frames.push(this.#now);
    for (const [other, listeners] of this.#listeners)
      if (other !== tab) for (const listener of listeners) other.after('foreign commit', listener);
    return this.#now.generation;
  }

  #haveMishap(tab: Tab): void {
    if (this.#mishap === undefined) return;
    this.#tally.add(`${this.#mishap} disk`);
    if (this.#mishap === 'closed') {
      this.#closedTabs.add(tab);
      tab.onStorageClosed();
    }
    this.#failuresLeft -= 1;
    if (this.#failuresLeft === 0) this.#mishap = undefined;
    throw failed();
  }

  #scan({
    prefix,
    after = '',
    before = `${prefix}\uffff`,
    limit = Infinity,
    reverse = false,
  }: ScanRange): StoredRow[] {
    const isMeant = (key: string) => key.startsWith(prefix) && key > after && key < before;
    const { rows } = this.#now;
    const keys = [...rows.keys()].filter(isMeant).sort();
    if (reverse) keys.reverse();
    return keys.slice(0, limit).map((key) => ({ key, value: (rows.get(key) as Uint8Array).slice() }));
  }

  #listen(tab: Tab, listener: () => void): () => void {
    const listeners = this.#listeners.get(tab) ?? new Set();
    this.#listeners.set(tab, listeners.add(listener));
    return () => listeners.delete(listener);
  }
}

function failed() {
  return new StorageError('STORE_UNAVAILABLE', 'The simulated disk failed.', { retryable: true });
}

function isOfRing([key]: [string, Uint8Array]): boolean {
  return key.startsWith(RING_PREFIX);
}

function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === right || (left !== undefined && right !== undefined && Buffer.from(left).equals(right));
}
