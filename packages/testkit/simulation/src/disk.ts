import { StorageConflict, type ScanRange, type Storage, type StoredRow } from '@quicprochat/sdk';
import type { Tab } from './tab.ts';

/** A device's storage. All tabs of the device share it, and it survives them. */
export class Disk {
  #rows = new Map<string, Uint8Array>();
  #generation = 0;
  #key: Uint8Array | undefined;
  readonly #listeners = new Map<Tab, Set<() => void>>();

  /** Returns the storage for one tab. Each call takes a moment. A tab that is killed meanwhile gets no answer. */
  openFor(tab: Tab): Storage {
    return {
      generation: () => tab.later('generation', () => this.#generation),
      get: (key) => tab.later('get', () => this.#rows.get(key)?.slice()),
      scan: (range) => tab.later('scan', () => this.#scan(range)),
      // The commit and its answer are two events, so that a tab can be killed between them.
      commit: async (writes, expected) => {
        const generation = await tab.work(`commit ${writes.length}`, () =>
          this.#commit(tab, writes, expected),
        );
        tab.onCommit();
        return tab.later('committed', () => generation);
      },
      storeKey: (fresh) => tab.later('key', () => (this.#key ??= fresh?.slice())?.slice()),
      onForeignCommit: (listener) => this.#listen(tab, listener),
      close: async () => undefined,
    };
  }

  #commit(tab: Tab, writes: Parameters<Storage['commit']>[0], expected: number): number {
    if (expected !== this.#generation) throw new StorageConflict();
    const next = new Map(this.#rows);
    for (const { key, value } of writes) {
      if (value === undefined) next.delete(key);
      else next.set(key, value.slice());
    }
    this.#rows = next;
    this.#generation += 1;
    for (const [other, listeners] of this.#listeners)
      if (other !== tab) for (const listener of listeners) other.after('foreign commit', listener);
    return this.#generation;
  }

  #scan({
    prefix,
    after = '',
    before = `${prefix}\uffff`,
    limit = Infinity,
    reverse = false,
  }: ScanRange): StoredRow[] {
    const isMeant = (key: string) => key.startsWith(prefix) && key > after && key < before;
    const keys = [...this.#rows.keys()].filter(isMeant).sort();
    if (reverse) keys.reverse();
    return keys.slice(0, limit).map((key) => ({ key, value: (this.#rows.get(key) as Uint8Array).slice() }));
  }

  #listen(tab: Tab, listener: () => void): () => void {
    const listeners = this.#listeners.get(tab) ?? new Set();
    this.#listeners.set(tab, listeners.add(listener));
    return () => listeners.delete(listener);
  }
}
