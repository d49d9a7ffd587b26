/** What the artefact exports, answering only once the wasm is there. */
import * as glue from '../artefact/quicprochat_wasm.js';
import { requireReady } from './start.ts';

/** A class of the artefact whose statics answer only once the wasm is there. */
function whenReady<T extends object>(target: T): T {
  return new Proxy(target, {
    get(inner, name, receiver): unknown {
      // Symbols are the language's own questions, such as instanceof's.
      if (typeof name === 'string' && name !== 'prototype') requireReady();
      return Reflect.get(inner, name, receiver);
    },
  });
}

/** One device of one account. */
export type CoreClient = glue.CoreClient;
export const CoreClient = whenReady(glue.CoreClient);

/** A device's seat in a group. */
export type GroupMember = glue.GroupMember;
export const GroupMember = whenReady(glue.GroupMember);

/** Every code that an error of the core can carry. A closed list. */
export function coreErrorCodes(): string[] {
  requireReady();
  return glue.coreErrorCodes();
}

/** The group that the record of a key belongs to; undefined for the client's own records. */
export function groupOfRecord(key: Uint8Array): Uint8Array | undefined {
  requireReady();
  return glue.groupOfRecord(key);
}

/**
 * Derives a 32-byte key from a passphrase by Argon2id. The memory that this takes is not given back before the thread
 * ends.
 */
export function keyOfPassphrase(
  passphrase: Uint8Array,
  salt: Uint8Array,
  { memoryKib, passes, lanes }: { memoryKib: number; passes: number; lanes: number },
): Uint8Array {
  requireReady();
  return glue.keyOfPassphrase(passphrase, salt, memoryKib, passes, lanes);
}

/** The versions of the core and of openmls in the artefact. */
export function versions(): glue.Versions {
  requireReady();
  return glue.versions();
}

/** Panics, for tests of what follows: this thread's core is of no use afterwards. */
export function unsafeTestingPanic(): void {
  requireReady();
  glue.unsafeTestingPanic();
}

export type {
  AccessSignature,
  Agreement,
  CommitBundle,
  CommitEffect,
  CoreError,
  DeviceIdentity,
  GroupStatus,
  GroupTimes,
  KeyPackageOwner,
  Member,
  RebootedGroup,
  Received,
  Removal,
  StoreRecord,
  StoreWrite,
  Versions,
  WelcomeBundle,
} from '../artefact/quicprochat_wasm.js';

export type { WasmSource } from './start.ts';
