/** A relay that was not heard for so long is silent. All of them say something every half second. */
const SILENT_MS = 2_000;
/** One that went without a goodbye is waited for no longer than this. */
const FORGET_MS = 10_000;

/** The relays that there are, ourselves among them, and whether the first bus brings what they say. */
export class Peers {
  readonly #me: string;
  readonly #heard = new Map<string, { onFirst: number; onAny: number }>();

  constructor(me: string) {
    this.#me = me;
    this.hear(me, true);
  }

  /** A relay that is new is given time to be heard on the first bus, too. */
  hear(relay: string, isOnFirst: boolean): void {
    const now = performance.now();
    const before = this.#heard.get(relay);
    this.#heard.set(relay, { onFirst: isOnFirst ? now : (before?.onFirst ?? now), onAny: now });
  }

  leave(relay: string): void {
    this.#heard.delete(relay);
  }

  /** Whether no relay that is there is silent on the first bus. */
  areHeard(): boolean {
    const now = performance.now();
    for (const [relay, { onAny }] of this.#heard)
      if (relay !== this.#me && now - onAny > FORGET_MS) this.#heard.delete(relay);
    return [...this.#heard.values()].every(({ onFirst }) => now - onFirst < SILENT_MS);
  }
}
