import { LIMITS } from '@quicprochat/protocol';

/** What a reader asks for: the entries after `cursor`, at most so many of them, and at most so many bytes. */
export interface PageRequest {
  cursor: number;
  limit: number;
  /** A page ends before the entry that would cross this, but always holds one. Default: the largest page. */
  maxBytes?: number;
}

/** Entries that one page may hold. */
export function mostEntries({ limit }: PageRequest): number {
  return Math.min(limit, LIMITS.maxPageEntries);
}

/**
 * The sequence that a page ends with; undefined where there is nothing to read. Decided from the sizes, before any
 * payload is loaded: 500 commits of 4 MiB are two gigabytes.
 */
export function endOfPage(
  sizes: readonly { sequence: number; size: number }[],
  { maxBytes = LIMITS.maxPageBytes }: PageRequest,
): number | undefined {
  let end: number | undefined;
  let total = 0;
  for (const { sequence, size } of sizes) {
    total += size;
    if (end !== undefined && total > maxBytes) break;
    end = sequence;
  }
  return end;
}

/** Bytes as answers carry them. Node's own encoder: pages are megabytes. */
export function base64Url(payload: Buffer): string {
  return payload.toString('base64url');
}
