/** Bytes of one part, and so what an upload holds in memory; the more, the fewer waits for the disk. */
const PART_BYTES = 2 * 1024 * 1024;

/** Cuts what comes into parts. */
export class Parts {
  #chunks: Uint8Array[] = [];
  /** Bytes that no part was made of yet. */
  held = 0;

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.held += bytes.length;
  }

  takeFull(): Buffer<ArrayBuffer> | undefined {
    if (this.held < PART_BYTES) return undefined;
    const all = this.takeRest();
    // A copy: a view would keep the whole part in memory until the next one is full.
    if (all.length > PART_BYTES) this.add(Buffer.from(all.subarray(PART_BYTES)));
    return all.subarray(0, PART_BYTES);
  }

  takeRest(): Buffer<ArrayBuffer> {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.held = 0;
    return all;
  }
}
