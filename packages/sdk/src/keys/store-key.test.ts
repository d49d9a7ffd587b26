import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import type { DeviceKey, KeptKey, KeySlotStorage, Storage } from '../storage/storage.ts';
import { indexedDbStorage } from '../storage/indexeddb.ts';
import { memoryStorage } from '../storage/memory.ts';
import { platform } from '../platform/node-source.ts';
import { StoreKey } from './store-key.ts';
import type { Unlock } from './unlock.ts';
import type { Derive } from './wrapping.ts';

const KEY = new Uint8Array(32).fill(9);

/** Keeps slots in memory, beside a device key that gives out `opened`. */
function slotted(opened = KEY.slice()) {
  let kept: KeptKey | undefined;
  let failsAfterwards = false;
  const deviceKey: DeviceKey = { seal: async () => new Uint8Array(48), open: async () => opened };
  const keySlots: KeySlotStorage = {
    read: async () => kept,
    swap: async (next) => {
      kept = next;
      if (failsAfterwards) throw new Error('the disk failed');
      return true;
    },
    newDeviceKey: async () => deviceKey,
  };
  const storage: Storage = { ...memoryStorage(), keySlots };
  return {
    storage,
    kept: () => kept,
    loseDeviceKey: (deviceKey?: DeviceKey) => {
      kept = kept && { bytes: kept.bytes, deviceKey };
    },
    failAfterwards: () => {
      failsAfterwards = true;
    },
  };
}

const open = (storage: Storage, derive: Derive = async () => new Uint8Array(32).fill(1), unlock?: Unlock) =>
  StoreKey.open(storage, { unlock, derive, random: platform.random, clock: platform.clock });

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

test('a change that is there although the storage failed is not said to have changed nothing', async () => {
  const { storage, failAfterwards } = slotted();
  const storeKey = await open(storage);
  await storeKey.bytes(KEY);
  const { id } = await storeKey.add({ secret: new Uint8Array(32).fill(1) });
  failAfterwards();
  await storeKey.change(id, { secret: new Uint8Array(32).fill(2) });
  await storeKey.remove('device');
  const again = await open(storage, undefined, { secret: new Uint8Array(32).fill(2) });
  expect(await again.bytes()).toEqual(KEY);
});

test('a change that the storage refused is refused', async () => {
  const { storage, kept } = slotted();
  const storeKey = await open(storage);
  await storeKey.bytes(KEY);
  const before = kept();
  storage.keySlots!.swap = () => Promise.reject(new Error('the disk is full'));
  await expect(storeKey.add({ secret: new Uint8Array(32).fill(1) })).rejects.toThrow('the disk is full');
  expect(kept()).toBe(before);
});

test('a slot that this device cannot work out does not keep another one from opening', async () => {
  const { storage } = slotted();
  const unlock = { passphrase: 'x' };
  const storeKey = await open(storage, undefined, unlock);
  await storeKey.bytes(KEY);
  await storeKey.add({ passphrase: 'x', cost: { memoryKib: 64 } });
  const small: Derive = async ({ cost }) => {
    if (cost.memoryKib > 64) throw new Error('not enough memory');
    return new Uint8Array(32).fill(1);
  };
  expect(await (await open(storage, small, unlock)).bytes()).toEqual(KEY);
  const none: Derive = () => Promise.reject(new Error('not enough memory'));
  await expect(open(storage, none, unlock)).rejects.toThrow('not enough memory');
});

test('a device slot whose key was lost is made anew, and not taken for one that opens', async () => {
  const { storage, loseDeviceKey } = slotted();
  const storeKey = await open(storage);
  await storeKey.bytes(KEY);
  await storeKey.add({ passphrase: 'x' });
  loseDeviceKey();
  await expect(open(storage)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  expect(await storeKey.addAutomatic()).toMatchObject({ id: 'device' });
  expect(await storeKey.slots()).toHaveLength(2);
  expect(await (await open(storage)).bytes()).toEqual(KEY);
});

test('a device slot that another tab removes meanwhile is not put back beside a key that it was not made with', async () => {
  const name = 'two-tabs';
  const [left, right] = [indexedDbStorage(name), indexedDbStorage(name)];
  const first = await open(left);
  await first.bytes(KEY);
  const { id } = await first.add({ secret: new Uint8Array(32).fill(1) });
  const { keySlots } = right;
  let isOvertaken = false;
  const overtaken: Storage = {
    ...right,
    keySlots: {
      ...keySlots!,
      swap: async (next, expected) => {
        if (!isOvertaken) await first.remove('device');
        isOvertaken = true;
        return keySlots!.swap(next, expected);
      },
    },
  };
  const second = await open(overtaken);
  await second.addAutomatic();
  await second.remove(id);
  expect(await (await open(indexedDbStorage(name))).bytes()).toEqual(KEY);
});

test('the last slot that opens is not removed although a device slot with another key is beside it', async () => {
  const { storage, loseDeviceKey } = slotted();
  const storeKey = await open(storage);
  await storeKey.bytes(KEY);
  const { id } = await storeKey.add({ secret: new Uint8Array(32).fill(1) });
  loseDeviceKey({ seal: async () => new Uint8Array(48), open: async () => undefined });
  await expect(storeKey.remove(id)).rejects.toMatchObject({ code: 'KEY_SLOT_LAST' });
});
