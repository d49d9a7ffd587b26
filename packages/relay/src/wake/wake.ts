import type { Base64Url } from '@quicprochat/protocol';

/** Tells waiting streams that something was stored for a topic. A hint and never data: readers look into the store. */
export interface Wake {
  notify(topic: string): void;
  /**
   * Calls back after a topic was notified, and now and then without a reason: where it may be that something was lost.
   * Returns how to stop it.
   *
   * @param options `withoutReason: false` for who finds out in another way what was lost
   */
  listen(topic: string, listener: () => void, options?: { withoutReason?: boolean }): () => void;
  /**
   * Gives bytes to who listens for them just now, on any relay. They are stored nowhere: each listener gets them at most
   * once, in no order, and not at all where they are too many or the way is broken.
   */
  signal(topic: string, payload: Base64Url): void;
  /** Returns how to stop it. */
  onSignal(topic: string, listener: (payload: Base64Url) => void): () => void;
  close(): Promise<void>;
}
