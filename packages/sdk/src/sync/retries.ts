import type { GroupId } from '@quicprochat/protocol';
import { QuicprochatError, hasCode } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { BACKOFF_MS, mostAfter, MOST_WHILE_LASTING_MS, waitAfter } from './backoff.ts';

/** Why a wait ends before its time: not because there is nothing left to do. */
const TRY_NOW = new Error('the next try is to come now');

interface Failing {
  error: unknown;
  /** How long to wait after the next failure. */
  delayMs: number;
  /** Ends the wait for the next try; undefined while that try is under way. */
  waiting: AbortController | undefined;
}

/**
 * Retries the work of conversations that failed, each by a timer of its own with backoff and jitter, until it succeeds.
 * What is to be done stands in the store: only the timers live here, and a client that is opened anew does it at once.
 */
export class Retries {
  readonly #platform: Platform;
  readonly #closing: AbortSignal;
  readonly #again: (conversationId: GroupId) => Promise<void>;
  readonly #onChange: () => void;
  readonly #failing = new Map<string, Failing>();

  constructor(options: {
    platform: Platform;
    closing: AbortSignal;
    /** Does the work again. How that went is told by {@link note}. */
    again: (conversationId: GroupId) => Promise<void>;
    onChange: () => void;
  }) {
    this.#platform = options.platform;
    this.#closing = options.closing;
    this.#again = options.again;
    this.#onChange = options.onChange;
  }

  /** Takes note of how a conversation's work ended: with an error, or well. */
  note(conversationId: GroupId, error?: unknown): void {
    const failing = this.#failing.get(conversationId);
    if (error === undefined || isFinal(error)) {
      if (failing === undefined) return;
      failing.waiting?.abort();
      this.#failing.delete(conversationId);
    } else {
      const next = failing ?? { error, delayMs: BACKOFF_MS.first, waiting: undefined };
      next.error = error;
      this.#failing.set(conversationId, next);
      // A caller who tries in between changes nothing about the retry that is scheduled.
      if (next.waiting === undefined) void this.#retryLater(conversationId, next);
    }
    this.#onChange();
  }

  /** Tries at once whatever waits for its next try. */
  tryNow(): void {
    for (const failing of this.#failing.values()) {
      failing.delayMs = BACKOFF_MS.first;
      failing.waiting?.abort(TRY_NOW);
    }
  }

  /** Whether anything is due that fails and may go by itself: then the client is not to be called online. */
  get isAnyFailing(): boolean {
    return [...this.#failing.values()].some(({ error }) => !isLasting(error));
  }

  /** Whether a timer will try again by itself. */
  isScheduled(conversationId: GroupId): boolean {
    return this.#failing.get(conversationId)?.waiting !== undefined;
  }

  /** Whether the relay does not let this device read on in a conversation, as after a restore from a backup. */
  isRefused(conversationId: GroupId): boolean {
    return isRefusal(this.#failing.get(conversationId)?.error);
  }

  async #retryLater(conversationId: GroupId, failing: Failing): Promise<void> {
    const waiting = new AbortController();
    failing.waiting = waiting;
    const { random, timers } = this.#platform;
    const delayMs = waitAfter(failing.error, failing.delayMs, random.fraction());
    const most = isLasting(failing.error) ? MOST_WHILE_LASTING_MS : mostAfter(failing.error);
    failing.delayMs = Math.min(failing.delayMs * 2, most);
    try {
      await timers.sleep(delayMs, AbortSignal.any([waiting.signal, this.#closing]));
    } catch (reason) {
      // It has succeeded meanwhile, or the client is closed: nothing is left to retry.
      if (reason !== TRY_NOW) return;
    }
    failing.waiting = undefined;
    // Its failure is noted by whoever runs it, and scheduled again by that.
    await this.#again(conversationId).catch(() => undefined);
  }
}

/** Whether the relay refuses to show a conversation from where this device has read it. */
export function isRefusal(error: unknown): boolean {
  return hasCode(error, 'CURSOR_INVALID', 'FUTURE_EPOCH', 'NOT_AUTHORIZED');
}

/** Whether it is the conversation's own trouble, which other conversations and the connection have nothing to do with. */
function isLasting(error: unknown): boolean {
  return error instanceof QuicprochatError && !error.retryable;
}

/** A client that is closed does nothing any more: the next one begins from the store. */
function isFinal(error: unknown): boolean {
  return hasCode(error, 'CLOSED');
}
