/** Who waits for which topic, and what they are told when it comes. */
export class Listeners<Told extends readonly unknown[] = []> {
  readonly #byTopic = new Map<string, Set<(...told: Told) => void>>();

  /** Returns how to stop listening. */
  add(topic: string, listener: (...told: Told) => void): () => void {
    const known = this.#byTopic.get(topic) ?? new Set();
    this.#byTopic.set(topic, known.add(listener));
    return () => {
      known.delete(listener);
      if (known.size === 0) this.#byTopic.delete(topic);
    };
  }

  wake(topic: string, ...told: Told): void {
    for (const listener of this.#byTopic.get(topic) ?? []) listener(...told);
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  get isEmpty(): boolean {
    return this.#byTopic.size === 0;
  }

  topics(): string[] {
    return [...this.#byTopic.keys()];
  }
}
