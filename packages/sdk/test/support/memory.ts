import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';

/** Bytes: JavaScript's heap after a garbage collection, and the memory of the WebAssembly. */
export interface Memory {
  heap: number;
  wasm: number;
}

/** Bytes of a process: the heaps of its main thread and of its workers after a garbage collection, and the WebAssembly. */
export interface ProcessMemory {
  main: number;
  workers: number;
  wasm: number;
  /** What the process holds of the machine's memory, the databases' caches included. */
  rss: number;
}

/** The workers of clients, which can be asked for their memory. */
export class MeasuredWorkers {
  readonly #ports: MessagePort[] = [];

  start(): Worker {
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    this.#ports.push(port1);
    return new Worker(new URL('measured-worker.ts', import.meta.url), {
      workerData: { port: port2 },
      transferList: [port2],
      execArgv: ['--conditions=@quicprochat/source'],
    });
  }

  /** The memory of the process: of this thread and of all workers together. Needs `--expose-gc`. */
  async memory(): Promise<ProcessMemory> {
    const { gc } = globalThis;
    if (gc === undefined) throw new Error('start Node with --expose-gc');
    let [workers, wasm] = [0, 0];
    for (const port of this.#ports) {
      const answer = once(port, 'message');
      port.postMessage('memory');
      const [memory] = (await answer) as [Memory];
      workers += memory.heap;
      wasm += memory.wasm;
    }
    // What a first collection frees can hold what a second one then frees.
    for (let i = 0; i < 3; i++) {
      await gc({ execution: 'async', type: 'major' });
      await sleep(100);
    }
    const { heapUsed: main, rss } = process.memoryUsage();
    return { main, workers, wasm, rss };
  }
}
