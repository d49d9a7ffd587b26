import { LIMITS } from '@quicprochat/protocol';

/** Bytes of one part, and so what an upload holds in memory; the more, the fewer waits for the disk. */
const PART_BYTES = 2 * 1024 * 1024;

/**
 * Cuts what comes into parts. What is left at the end has the least size of a part or more, unless all that came has less:
 * however often an upload breaks off, its blob has no more parts than go into its size.
 */
export class Parts {
  #chunks: Uint8Array[] = [];
  /** Bytes that no part was made of yet. */
  held = 0;

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.held += bytes.length;
  }

  takeFull(): Uint8Array<ArrayBuffer> | undefined {
    if (this.held < PART_BYTES + LIMITS.minPatchBytes) return undefined;
    const all = Buffer.concat(this.#chunks);
    // A copy: a view would keep the whole part in memory until the next one is full.
    const rest = Buffer.from(all.subarray(PART_BYTES));
    this.#chunks = [rest];
    this.held = rest.length;
    return all.subarray(0, PART_BYTES);
  }

  takeRest(): Uint8Array<ArrayBuffer> {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.held = 0;
    return all;
  }
}
