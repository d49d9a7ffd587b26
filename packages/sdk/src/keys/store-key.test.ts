import { expect, test } from 'vitest';
import type { DeviceKey, KeptKey, KeySlotStorage, Storage } from '../storage/storage.ts';
import { memoryStorage } from '../storage/memory.ts';
import { platform } from '../platform/node-source.ts';
import { StoreKey } from './store-key.ts';

const KEY = new Uint8Array(32).fill(9);

/** Keeps slots in memory, beside a device key that gives out `opened`. */
function slotted(opened = KEY.slice()): { storage: Storage; kept: () => KeptKey | undefined } {
  let kept: KeptKey | undefined;
  const deviceKey: DeviceKey = { seal: async () => new Uint8Array(48), open: async () => opened };
  const keySlots: KeySlotStorage = {
    read: async () => kept,
    swap: async (next) => {
      kept = next;
      return true;
    },
    newDeviceKey: async () => deviceKey,
  };
  return { storage: { ...memoryStorage(), keySlots }, kept: () => kept };
}

const open = (storage: Storage, derive = async () => new Uint8Array(32).fill(1)) =>
  StoreKey.open(storage, { unlock: undefined, derive, random: platform.random, clock: platform.clock });

test('a store key that is forgotten is wiped, and nothing finds it again', async () => {
  const opened = KEY.slice();
  const { storage } = slotted(opened);
  await (await open(storage)).bytes(KEY);
  const storeKey = await open(storage);
  const given = await storeKey.bytes();
  storeKey.forget();
  expect(opened).toEqual(new Uint8Array(32));
  expect(given).toEqual(KEY);
  await expect(storeKey.bytes()).rejects.toMatchObject({ code: 'CLOSED' });
});

test('a slot that is being made while the key is forgotten is not written: it could hold a wiped key', async () => {
  const { storage, kept } = slotted();
  let derived: (key: Uint8Array<ArrayBuffer>) => void = () => undefined;
  const storeKey = await open(storage, () => new Promise((resolve) => (derived = resolve)));
  await storeKey.bytes(KEY);
  const before = kept();
  const adding = storeKey.add({ passphrase: 'x' });
  const changing = storeKey.addAutomatic();
  storeKey.forget();
  derived(new Uint8Array(32));
  await expect(adding).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(changing).rejects.toMatchObject({ code: 'CLOSED' });
  expect(kept()).toBe(before);
});
