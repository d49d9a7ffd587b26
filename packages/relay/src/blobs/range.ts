import type { ByteRange } from './blob-store.ts';

/**
 * What a Range header asks of so many bytes (RFC 9110 §14.1.2). Undefined where it asks for nothing that we give a part
 * for: no header, another unit, several ranges at once; then the answer is the whole. `beyond` where there are no such bytes.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'beyond' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '') return lastOf(Number(to), size);
  const start = Number(from);
  const end = to === '' ? size : Math.min(Number(to) + 1, size);
  if (to !== '' && Number(to) < start) return undefined;
  return start < size ? { start, end } : 'beyond';
}

function lastOf(count: number, size: number): ByteRange | 'beyond' {
  return count === 0 ? 'beyond' : { start: Math.max(size - count, 0), end: size };
}
