import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes of a process after a garbage collection. Resident memory includes the worker and its WebAssembly. */
export interface Memory {
  rss: number;
  heap: number;
}

/** Needs `--expose-gc`. */
export async function memoryOf(): Promise<Memory> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('start Node with --expose-gc');
  // What a first collection frees can hold what a second one then frees.
  for (let i = 0; i < 3; i++) {
    await gc({ execution: 'async', type: 'major' });
    await sleep(100);
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}
