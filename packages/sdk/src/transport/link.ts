/** What goes over the way to one relay, and whether anything comes of it. A way that is slow is not one that is dead. */
export class Link {
  /** How often something has come from the relay: bytes of an answer or of a stream, whatever they say. */
  heard = 0;
  /** Bytes of requests whose answers have not begun. They share the way, so that each may take longer. */
  outgoing = 0;
  readonly #waiting = new Set<AbortController>();

  /** Notes that a request goes out. Returns what is to be called once, when its answer begins or it has failed. */
  begin(requestBytes: number, giveUp: AbortController): () => void {
    this.outgoing += requestBytes;
    this.#waiting.add(giveUp);
    return () => {
      if (this.#waiting.delete(giveUp)) this.outgoing -= requestBytes;
    };
  }

  /** Nothing has come for so long that no answer is to be expected on the connections that are open now. */
  giveUp(reason: Error): void {
    for (const waiting of this.#waiting) waiting.abort(reason);
  }
}
