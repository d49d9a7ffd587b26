import type { KeyRing } from '../storage/storage.ts';
import type { CallData, CallName, CallResult } from './protocol.ts';
import type { WorkerCore } from './worker-core.ts';

/** Where there is no place for it: in Node, whose storages have files of their own. */
export const NO_RINGS: KeyRing = {
  rows: async () => undefined,
  put: () => Promise.reject(new Error('there is no key ring here')),
  erase: () => Promise.reject(new Error('there is no key ring here')),
};

type RingCallName = Extract<CallName, `ring.${string}`>;
type RingCalls = { [Name in RingCallName]: (data: CallData<Name>) => Promise<CallResult<Name>> };

/** The calls that concern a storage's key ring. */
export const ringCalls = (rings: KeyRing): RingCalls => ({
  'ring.rows': ({ name }) => rings.rows(name),
  'ring.put': async ({ name, rows }) => {
    await rings.put(name, rows);
    return undefined;
  },
  'ring.erase': async ({ name, keys }) => {
    await rings.erase(name, keys);
    return undefined;
  },
});

/** The key rings that a worker keeps. */
export function ringsBehind(core: WorkerCore): KeyRing {
  return {
    rows: async (name) => (await core.call('ring.rows', { name })).result,
    put: async (name, rows) => {
      await core.call('ring.put', { name, rows });
    },
    erase: async (name, keys) => {
      await core.call('ring.erase', { name, keys });
    },
  };
}
