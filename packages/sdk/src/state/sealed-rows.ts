import type { Random } from '../platform/platform.ts';
import type { StorageWrite, StoredRow } from '../storage/storage.ts';
import { OWN_CORE_PREFIX } from './core-keys.ts';
import type { RowSeal } from './row-seal.ts';
import { contacts } from './rows.ts';

/**
 * The rows whose keys tell of people: contacts by their handles, and the client's own records of the core, one of which is
 * named by the keys of an account that revoked a device. They are stored under HMACs, and the key is sealed with the row.
 * All other keys consist of random ids and positions. They stay readable, so that ranges work.
 */
const NAMED = [`${contacts.name}/`, OWN_CORE_PREFIX];

/** The length of the key that precedes a row. */
const LENGTH_BYTES = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function isNamed(key: string): boolean {
  return NAMED.some((prefix) => key.startsWith(prefix));
}

/** Returns the key under which a row is stored. In an empty store that is nowhere. */
export function storedKeyOf(key: string, seal: RowSeal | undefined): string {
  const prefix = NAMED.find((named) => key.startsWith(named));
  if (prefix === undefined || seal === undefined) return key;
  return prefix + seal.nameFor(key);
}

/** @param at `version` is the generation that the write makes */
export function sealRow(
  { key, value }: StorageWrite,
  seal: RowSeal,
  { version, random }: { version: number; random: Random },
): StorageWrite {
  const storedKey = storedKeyOf(key, seal);
  if (value === undefined) return { key: storedKey, value };
  const row = isNamed(key) ? withKey(key, value) : value;
  return { key: storedKey, value: seal.seal(storedKey, version, row, random) };
}

/** Returns the row that was sealed, under its own key; undefined if it does not open. */
export function openRow({ key, value }: StoredRow, seal: RowSeal): StoredRow | undefined {
  const row = seal.open(key, value);
  return row !== undefined && isNamed(key) ? withoutKey(row) : row && { key, value: row };
}

function withKey(key: string, value: Uint8Array): Uint8Array {
  const name = encoder.encode(key);
  const bytes = new Uint8Array(LENGTH_BYTES + name.length + value.length);
  new DataView(bytes.buffer).setUint16(0, name.length);
  bytes.set(name, LENGTH_BYTES);
  bytes.set(value, LENGTH_BYTES + name.length);
  return bytes;
}

function withoutKey(bytes: Uint8Array): StoredRow {
  const end = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
  return { key: decoder.decode(bytes.subarray(LENGTH_BYTES, end)), value: bytes.slice(end) };
}
