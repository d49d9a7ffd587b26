import { generateKeyPairSync, randomBytes, randomUUID, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * All that a relay has of the world besides its store and its network: time, chance, and the threads that signatures are
 * made on. A simulation gives its own, and then the same calls have the same answers.
 */
export interface RelayPlatform {
  /** The time of day, in milliseconds since 1970. It may be set back. */
  now(): number;
  /** The time since some moment, in milliseconds: for durations, as it only goes forwards. */
  elapsedMs(): number;
  /** So many bytes that nobody can guess: challenges, tokens, tickets and ids of streams. */
  randomBytes(length: number): Buffer;
  /** A random UUID (version 4): the id under which a fault is reported. */
  uuid(): string;
  /** A number from 0 up to, but not including, 1, which may be guessed: for jitter. */
  fraction(): number;
  /** Calls back once, after so many milliseconds. Returns how to cancel that. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back every so many milliseconds. Returns how to stop it. It alone does not keep a process alive. */
  every(ms: number, callback: () => void): () => void;
  /** Calls back when what has come in until now is dealt with: after one round of the event loop. */
  nextRound(callback: () => void): void;
  /** A new private key: Ed25519 to sign receipts with, P-256 for push services. */
  generateKey(kind: 'ed25519' | 'p256'): KeyObject;
  /** Signs with an Ed25519 key. */
  sign(message: Uint8Array, key: KeyObject): Promise<Buffer>;
  /** Whether an Ed25519 key signed the message. */
  verify(message: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean>;
}

const verifyAside = promisify(verify);

/** The real world, as Node has it. */
export const nodePlatform: RelayPlatform = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  randomBytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
  fraction: () => Math.random(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
  nextRound: (callback) => void setImmediate(callback),
  generateKey: (kind) =>
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519').privateKey
      : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  // Handing a signature to another thread and taking it back costs the processor half as much again as making it.
  sign: async (message, key) => sign(null, message, key),
  // On threads of Node's own: checking one takes three times as long, and other calls do not wait for it.
  verify: (message, key, signature) => verifyAside(null, message, key, signature),
};
