import { parentPort } from 'node:worker_threads';
import { answer } from './answer.ts';

/** The worker's thread in Node. */
parentPort?.on('message', (request: Parameters<typeof answer>[0]) => {
  void answer(request).then((response) => parentPort?.postMessage(response));
});
