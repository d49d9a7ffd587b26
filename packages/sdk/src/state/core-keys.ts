import { fromBase64Url, toBase64Url, type GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { RING_PREFIX } from '../storage/storage.ts';
import type { StoreWrite } from '../worker/protocol.ts';

/** Core records stand under `core/<group>/<key>`, so that those of one group are read at once. */
export const CORE_PREFIX = 'core/';

/** Keys that the core erases when what they seal is over, in the same way: see {@link RING_PREFIX}. */
const ERASABLE_KEY = 5;

/** In place of a group: the records that are the client's own. */
const OWN = 'own';

export const OWN_CORE_PREFIX = `${CORE_PREFIX}${OWN}/`;

/** What the core opens from. */
export const OWN_PREFIXES = [OWN_CORE_PREFIX, `${RING_PREFIX}${OWN}/`];

/** What the core loads a group from. */
export function groupPrefixes(groupId: GroupId): string[] {
  return [`${CORE_PREFIX}${groupId}/`, `${RING_PREFIX}${groupId}/`];
}

/** Whether this is the key of something that the core wrote. */
export function isOfCore(storeKey: string): boolean {
  return storeKey.startsWith(CORE_PREFIX) || storeKey.startsWith(RING_PREFIX);
}

/** Returns the key under which a core record is stored. */
export function storeKeyOf({ key, group }: Pick<StoreWrite, 'key' | 'group'>): string {
  const scope = group === undefined ? OWN : hex.encode(group);
  const prefix = key[0] === ERASABLE_KEY ? RING_PREFIX : CORE_PREFIX;
  return `${prefix}${scope}/${toBase64Url(key)}`;
}

/** Returns the key of the core record that is stored under this key. */
export function coreKeyOf(storeKey: string): Uint8Array {
  return fromBase64Url(storeKey.slice(storeKey.lastIndexOf('/') + 1));
}

/** Returns the group of a stored core record; undefined for one of the client's own. */
export function groupOfCoreKey(storeKey: string): GroupId | undefined {
  const scope = storeKey.split('/')[1];
  return scope === OWN ? undefined : (scope as GroupId);
}
