/** Tells waiting streams that something was stored for a topic. A hint and never data: readers look into the store. */
export interface Wake {
  notify(topic: string): void;
  /** Calls back after a topic was notified, and now and then without. Returns how to stop it. */
  listen(topic: string, listener: () => void): () => void;
  close(): Promise<void>;
}
