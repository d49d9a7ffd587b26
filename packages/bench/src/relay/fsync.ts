import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How often in a second this disk takes 4 kB for good: the bound of whatever waits for it once per write. */
export function fsyncsPerSecond(forMs = 1_000): number {
  const folder = mkdtempSync(join(tmpdir(), 'qpc-fsync-'));
  const file = openSync(join(folder, 'file'), 'w');
  const block = Buffer.alloc(4_096, 1);
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < forMs; count += 1) {
    writeSync(file, block, 0, block.length, 0);
    fdatasyncSync(file);
  }
  const seconds = (performance.now() - start) / 1_000;
  closeSync(file);
  rmSync(folder, { recursive: true });
  return Math.round(count / seconds);
}
