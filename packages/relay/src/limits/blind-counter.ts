import { createHash } from 'node:crypto';
import type { RelayPlatform } from '../platform.ts';
import { dropOldest } from './counter.ts';

/**
 * Counts as `Counter` does, for callers that must not be known: it keeps a hash of each, under a key that is erased when the
 * window ends. All callers share one window.
 */
export class BlindCounter {
  readonly #most: number;
  readonly #platform: RelayPlatform;
  readonly #windowMs: number;
  #counts = new Map<string, number>();
  #key: Buffer = Buffer.alloc(0);
  #endsMs = -Infinity;

  constructor(platform: RelayPlatform, { most, windowMs }: { most: number; windowMs: number }) {
    this.#platform = platform;
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** Counts also what is too much. Returns how long to wait if it is, and otherwise undefined. */
  count(caller: string): { retryAfterMs: number } | undefined {
    const nowMs = this.#platform.elapsedMs();
    if (nowMs >= this.#endsMs) this.#begin(nowMs);
    const hash = createHash('sha256').update(this.#key).update(caller).digest('base64');
    const count = (this.#counts.get(hash) ?? 0) + 1;
    this.#counts.set(hash, count);
    dropOldest(this.#counts);
    return count > this.#most ? { retryAfterMs: Math.ceil(this.#endsMs - nowMs) } : undefined;
  }

  #begin(nowMs: number): void {
    this.#counts = new Map();
    this.#key.fill(0);
    this.#key = this.#platform.randomBytes(32);
    this.#endsMs = nowMs + this.#windowMs;
  }
}
