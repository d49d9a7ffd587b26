/** Who waits for which topic. */
export class Listeners {
  readonly #byTopic = new Map<string, Set<() => void>>();

  /** Returns how to stop listening. */
  add(topic: string, listener: () => void): () => void {
    const known = this.#byTopic.get(topic) ?? new Set();
    this.#byTopic.set(topic, known.add(listener));
    return () => {
      known.delete(listener);
      if (known.size === 0) this.#byTopic.delete(topic);
    };
  }

  wake(topic: string): void {
    for (const listener of this.#byTopic.get(topic) ?? []) listener();
  }

  topics(): string[] {
    return [...this.#byTopic.keys()];
  }
}
