import type { CoreClient, GroupMember } from '@quicprochat/core-wasm/bundled';
import type { StoreWrite } from './protocol.ts';

/**
 * One client and its loaded groups. The handles are owned here and freed here: nothing outside the worker ever holds one.
 */
export class Session {
  #client: CoreClient | undefined;
  readonly #groups = new Map<string, GroupMember>();

  get client(): CoreClient {
    if (this.#client === undefined) throw new Error('no client is open in the worker');
    return this.#client;
  }

  /** Puts another client in place of the one before, whose memory is given back and wiped by the core. */
  replace(client: CoreClient): CoreClient {
    this.#freeGroups();
    this.#client?.free();
    this.#client = client;
    return client;
  }

  group(groupId: Uint8Array): GroupMember {
    const key = keyOf(groupId);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    return this.hold(this.client.loadGroup(groupId));
  }

  hold(group: GroupMember): GroupMember {
    const key = keyOf(group.groupId());
    this.#groups.get(key)?.free();
    this.#groups.set(key, group);
    return group;
  }

  drop(groupId: Uint8Array): void {
    const key = keyOf(groupId);
    this.#groups.get(key)?.free();
    this.#groups.delete(key);
  }

  /** Drops the groups that the client does not have in memory: if one is joined again, it is another one. */
  dropUnloaded(): void {
    for (const [key, group] of this.#groups) {
      if (this.client.isLoaded(idOf(key))) continue;
      group.free();
      this.#groups.delete(key);
    }
  }

  takeWrites(): StoreWrite[] {
    return this.#client?.takeWrites() ?? [];
  }

  close(): void {
    this.#freeGroups();
    this.#client?.free();
    this.#client = undefined;
  }

  #freeGroups(): void {
    for (const group of this.#groups.values()) group.free();
    this.#groups.clear();
  }
}

/** A group's id as a key of maps. */
function keyOf(groupId: Uint8Array): string {
  return Array.from(groupId, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function idOf(key: string): Uint8Array {
  return Uint8Array.from(key.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
