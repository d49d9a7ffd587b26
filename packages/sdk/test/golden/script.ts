import { Worker } from 'node:worker_threads';
import { Rng } from '@quicprochat/testkit';
import { platform } from '#platform';
import { Client } from '../../src/api/client.ts';
import { nodePlatform } from '../../src/platform/node-platform.ts';
import type { Platform } from '../../src/platform/platform.ts';
import type { Storage } from '../../src/storage/storage.ts';

const SEED = 13;

/** A device with a fixed clock and seeded random bytes, also in the core. */
function seeded(nowMs: number, fetch: typeof globalThis.fetch): Platform {
  const rng = new Rng(SEED);
  const startWorker = () =>
    new Worker(new URL('seeded-worker.ts', import.meta.url), {
      workerData: { seed: SEED, nowMs },
      execArgv: ['--conditions=@quicprochat/source'],
    });
  return {
    ...nodePlatform({ startWorker, wasmUrl: () => platform.wasmUrl }),
    clock: { now: () => nowMs },
    random: {
      bytes: (length) => Uint8Array.from({ length }, () => rng.below(256)),
      fraction: () => rng.below(1_000) / 1_000,
    },
    net: { fetch },
  };
}

/** What the other person does between two steps. */
export interface Others {
  /** Bob syncs and sends a message. */
  bobSpeaks(): Promise<void>;
}

/** A short story that makes every call of a client that is not live. */
export async function live(parts: {
  relay: string;
  nowMs: number;
  fetch: typeof globalThis.fetch;
  storage: Storage;
  others: Others;
}): Promise<void> {
  const { relay, nowMs, fetch, storage, others } = parts;
  const alice = await Client.create({
    relay,
    handle: 'alice-golden',
    storage,
    live: false,
    platform: seeded(nowMs, fetch),
  });
  const tea = await alice.conversations.create({ name: 'Tea', members: ['bob-golden'] });
  await tea.send('first');
  await others.bobSpeaks();
  await alice.sync();
  await tea.heal();
  await tea.rename('More tea');
  await tea.send('second');
  await tea.setDraft('third');
  await tea.markRead(3);
  await tea.members.remove(['bob-golden']);
  const { id } = await alice.conversations.create({ name: 'Alone', members: [], suite: 0x0003 });
  await alice.conversations.find(id).leave();
  await alice.close();
}
