import type { GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import type { StorageWrite, StoredRow } from '../storage/storage.ts';
import type { StoreRecord, StoreWrite } from '../worker/protocol.ts';
import type { WorkerCore } from '../worker/worker-core.ts';
import { coreKeyOf, groupOfCoreKey, storeKeyOf } from './core-keys.ts';

/**
 * The core behind its worker, as far as its memory is concerned: the client's own records, and of its groups those used
 * last. The others stand in the store, and are loaded when something is done with them.
 */
export class CoreState {
  readonly #core: WorkerCore;
  readonly #most: number;
  /** The groups in the core's memory, the longest unused first. */
  readonly #loaded = new Set<GroupId>();

  /** @param most how many groups stay in memory between transactions */
  constructor(core: WorkerCore, most: number) {
    this.#core = core;
    this.#most = most;
  }

  /**
   * Opens the core anew, from all of the client's own records and without any group.
   *
   * @returns the end of keys that seal nothing: they are left of a commit that failed
   */
  async open(storeKey: Uint8Array, records: readonly StoredRow[]): Promise<readonly StorageWrite[]> {
    const { writes } = await this.#core.call('client.open', { storeKey, records: records.map(recordOf) });
    this.#loaded.clear();
    this.#core.dirty = false;
    return writes.map(writeOf);
  }

  /** Takes over core records that others have committed. What concerns groups that are not in memory is left out. */
  async takeOver(changes: readonly StorageWrite[]): Promise<void> {
    const concerning = changes.filter(({ key }) => {
      const group = groupOfCoreKey(key);
      return group === undefined || this.#loaded.has(group);
    });
    if (concerning.length === 0) return;
    await this.#core.call('client.takeOver', { changes: concerning.map(changeOf) });
  }

  /** Whether a group is in memory; if so, it counts as used now. */
  use(groupId: GroupId): boolean {
    if (!this.#loaded.delete(groupId)) return false;
    this.#loaded.add(groupId);
    return true;
  }

  /** @returns the end of keys that seal nothing: they are left of a commit that failed */
  async load(groupId: GroupId, records: readonly StoredRow[]): Promise<readonly StorageWrite[]> {
    const data = { groupId: hex.decode(groupId), records: records.map(recordOf) };
    const { writes } = await this.#core.call('group.load', data);
    this.#loaded.add(groupId);
    return writes.map(writeOf);
  }

  /** Notes that the core holds a group which it has just created or joined. */
  entered(groupId: GroupId): void {
    this.#loaded.add(groupId);
  }

  /** Notes that the core holds a group no longer: it was deleted, here or by others. */
  forgotten(groupId: GroupId): void {
    this.#loaded.delete(groupId);
  }

  /** Takes the groups that were not used for the longest out of memory, between transactions. */
  async trim(): Promise<void> {
    for (const groupId of this.#loaded) {
      if (this.#loaded.size <= this.#most) return;
      this.#loaded.delete(groupId);
      await this.#core.call('group.unload', { groupId: hex.decode(groupId) });
    }
  }
}

function recordOf({ key, value }: StoredRow): StoreRecord {
  return { key: coreKeyOf(key), value };
}

function changeOf({ key, value }: StorageWrite) {
  const group = groupOfCoreKey(key);
  return { key: coreKeyOf(key), value, group: group === undefined ? undefined : hex.decode(group) };
}

/** Returns how a write of the core's is stored. */
export function writeOf(write: StoreWrite): StorageWrite {
  return { key: storeKeyOf(write), value: write.value };
}
