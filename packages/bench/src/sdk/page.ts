import { Client, indexedDbStorage } from '@quicprochat/sdk';
import { actsOf, type Acts } from './acts.ts';
import { countedStorage } from './counted-storage.ts';
import { countedWorker } from './counted-worker.ts';
import { countCall } from './procedure.ts';
import { Tally } from './tally.ts';

/** A person in a page: page-person.ts calls `act`. */
declare global {
  var act: (name: keyof Acts, parameter: never) => Promise<unknown>;
}

const tally = new Tally();
const original = globalThis.fetch;
globalThis.fetch = (...parameters) => {
  countCall(new Request(...parameters).url, tally);
  return original(...parameters);
};

const acts = actsOf({
  sdk: { Client },
  tally,
  storage: (name) => countedStorage(indexedDbStorage(name), tally),
  startWorker: () => countedWorker(new Worker('/worker.js', { type: 'module' }), tally),
  wasm: '/quicprochat_wasm_bg.wasm',
  wire: () => ({}),
  cpuMs: () => NaN,
  now: () => performance.timeOrigin + performance.now(),
});

globalThis.act = (name, parameter) => acts[name](parameter);
