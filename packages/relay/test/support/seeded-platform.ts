import { createECDH, createHash, createPrivateKey, sign, verify, type KeyObject } from 'node:crypto';
import type { RelayPlatform } from '../../src/index.ts';

/** PKCS #8 of an Ed25519 key is these bytes and then its seed (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A world that a test has in its hand: chance comes from a seed, time passes when it is told to, and there is one thread. */
export class SeededPlatform implements RelayPlatform {
  readonly #seed: string;
  #drawn = 0;
  #elapsedMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Lets time pass, and calls back who waits for that. */
  advance(ms: number): void {
    this.#elapsedMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#elapsedMs);
    for (const { callback } of due.sort((a, b) => a.atMs - b.atMs)) callback();
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
  }

  /** How many wait for a time to come. */
  get waiting(): number {
    return this.#timers.length;
  }

  readonly now = () => 1_800_000_000_000 + this.#elapsedMs;
  readonly elapsedMs = () => this.#elapsedMs;
  readonly fraction = () => this.randomBytes(4).readUInt32BE() / 2 ** 32;
  readonly uuid = () =>
    this.randomBytes(16)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

  readonly randomBytes = (length: number): Buffer => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () =>
      createHash('sha256').update(`${this.#seed} ${this.#drawn++}`).digest(),
    );
    return Buffer.concat(blocks).subarray(0, length);
  };

  readonly after = (ms: number, callback: () => void) => {
    const timer = { atMs: this.#elapsedMs + ms, callback };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  };

  /** A server's alone, and there is none here. */
  readonly every = (): never => {
    throw new Error('nothing is done regularly without a server');
  };

  readonly nextRound = (callback: () => void) => void Promise.resolve().then(callback);

  readonly generateKey = (kind: 'ed25519' | 'p256'): KeyObject =>
    kind === 'ed25519' ? ed25519(this.randomBytes(32)) : p256(this.randomBytes(32));

  readonly sign = async (message: Uint8Array, key: KeyObject) => sign(null, message, key);
  readonly verify = async (message: Uint8Array, key: KeyObject, signature: Uint8Array) =>
    verify(null, message, key, signature);
}

function ed25519(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

function p256(secret: Buffer): KeyObject {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(secret);
  const point = pair.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const key = { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '', d: secret.toString('base64url') };
  return createPrivateKey({ key, format: 'jwk' });
}
