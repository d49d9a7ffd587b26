import { fromBase64Url, toBase64Url, type GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import type { StoreWrite } from '../worker/protocol.ts';

/** Core records stand under `core/<group>/<key>`, so that those of one group are read at once. */
export const CORE_PREFIX = 'core/';

/** In place of a group: the records that are the client's own. */
const OWN = 'own';

export const OWN_CORE_PREFIX = `${CORE_PREFIX}${OWN}/`;

/** Returns the prefix of all records of one group. */
export function corePrefixOf(groupId: GroupId): string {
  return `${CORE_PREFIX}${groupId}/`;
}

/** Returns the key under which a core record is stored. */
export function storeKeyOf({ key, group }: Pick<StoreWrite, 'key' | 'group'>): string {
  const scope = group === undefined ? OWN : hex.encode(group);
  return `${CORE_PREFIX}${scope}/${toBase64Url(key)}`;
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
