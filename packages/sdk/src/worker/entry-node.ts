import { parentPort } from 'node:worker_threads';
import { WorkerHost } from './host.ts';
import type { Request } from './protocol.ts';

/** The worker's thread in Node. */
const host = new WorkerHost();
parentPort?.on('message', (request: Request) => {
  void host.answer(request).then((response) => parentPort?.postMessage(response));
});
