import { LIMITS, type GroupId } from '@quicprochat/protocol';

/**
 * How many messages to send at once, by conversation. After a call that failed, half as many go: a slow link carries them,
 * a proxy with a smaller limit lets them through, and a message that is rejected ends up alone, so that only this one
 * fails. After each call that succeeded, more go again.
 */
export class BatchSize {
  readonly #sizes = new Map<string, number>();

  of(conversationId: GroupId): number {
    return this.#sizes.get(conversationId) ?? LIMITS.maxPostEntries;
  }

  /** Whether the last call of a conversation failed. */
  isReduced(conversationId: GroupId): boolean {
    return this.#sizes.has(conversationId);
  }

  /** Notes that a call with so many messages failed. Returns whether fewer can be tried. */
  reduce(conversationId: GroupId, failed: number): boolean {
    this.#sizes.set(conversationId, Math.max(1, Math.floor(failed / 2)));
    return failed > 1;
  }

  /** Notes that a call succeeded. */
  restore(conversationId: GroupId): void {
    const next = this.of(conversationId) * 2;
    if (next < LIMITS.maxPostEntries) this.#sizes.set(conversationId, next);
    else this.#sizes.delete(conversationId);
  }
}
