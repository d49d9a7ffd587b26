import { buildGroup, freeGroup, keyPackagesOf, newClient } from './group.ts';

/** Bytes that an operation puts on the wire or into the store: the same on every machine, so CI can hold them. */
export type Sizes = Record<string, number>;

/** Measures one group size in one suite. Names are `suite/n/what`. */
export function measureSizes(n: number, suite: number): Sizes {
  const group = buildGroup(n, suite);
  const { creator } = group;
  const name = (what: string) => `0x${suite.toString(16).padStart(4, '0')}/${n}/${what}`;
  creator.client.takeWrites();

  const guest = newClient('guest');
  const [keyPackage] = keyPackagesOf([guest], suite);
  const message = creator.group.encrypt(new Uint8Array(200), Date.now());
  const writtenByMessage = bytesOf(creator.client.takeWrites());
  const update = creator.group.selfUpdate(Date.now());
  creator.group.mergePendingCommit(Date.now());
  const writtenByUpdate = bytesOf(creator.client.takeWrites());

  const sizes = {
    [name('key package')]: keyPackage?.length ?? 0,
    [name('bulk add, commit')]: group.bundle.commit.length,
    [name('bulk add, welcome for all')]: group.bundle.welcome?.shared.length ?? 0,
    [name('bulk add, welcome for each')]: group.bundle.welcome?.joiners[0]?.length ?? 0,
    [name('update, commit')]: update.commit.length,
    [name('message of 200 B')]: message.length,
    [name('written by a message')]: writtenByMessage,
    [name('written by an update')]: writtenByUpdate,
  };
  guest.free();
  freeGroup(group);
  return sizes;
}

function bytesOf(writes: readonly { key: Uint8Array; value: Uint8Array | undefined }[]): number {
  return writes.reduce((total, { key, value }) => total + key.length + (value?.length ?? 0), 0);
}
