import type { WorkerLike } from '@quicprochat/sdk';
import type { Tally } from './tally.ts';

/** The same worker, with what it is asked counted by name. */
export function countedWorker<Kind extends WorkerLike>(worker: Kind, tally: Tally): Kind {
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (message: unknown) => {
    const { name = '' } = message as { name?: string };
    tally.add('worker calls');
    tally.add(`worker call ${name}`);
    post(message);
  };
  return worker;
}
