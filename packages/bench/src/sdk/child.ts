import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type * as SdkEntry from '@quicprochat/sdk';
import type * as NodeEntry from '@quicprochat/sdk/node';
import { actsOf } from './acts.ts';
import { countedStorage } from './counted-storage.ts';
import { countNetwork } from './counted-network.ts';
import { countedWorker } from './counted-worker.ts';
import { memoryOf, type Memory } from './memory.ts';
import type { Answer, Question } from './person.ts';
import { Tally } from './tally.ts';

/** A person in a process of their own, with the built SDK of the checkout that the first argument names. */
const resolve = createRequire(join(process.argv[2] ?? '', 'packages/sdk/package.json')).resolve;
const load = (entry: string) => import(pathToFileURL(resolve(entry)).href);
const sdk = (await load('@quicprochat/sdk')) as typeof SdkEntry;
const { sqliteStorage } = (await load('@quicprochat/sdk/node')) as typeof NodeEntry;

const tally = new Tally();
const wire = countNetwork(tally);
const acts = actsOf({
  sdk,
  tally,
  storage: async (path) => countedStorage(await sqliteStorage(path), tally),
  startWorker: () => countedWorker(new Worker(resolve('@quicprochat/sdk/worker')), tally),
  wire,
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
  now: () => Number(process.hrtime.bigint()) / 1e6,
});
const all: Record<string, (question: never) => Promise<unknown>> = {
  ...acts,
  memory: (): Promise<Memory> => memoryOf(),
};

process.on('message', ({ id, act, parameter }: Question) => {
  const answer = (reply: Answer) => process.send?.(reply);
  Promise.resolve(all[act]?.(parameter as never)).then(
    (result) => answer({ id, result }),
    (error: unknown) =>
      answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, result: undefined } satisfies Answer);
