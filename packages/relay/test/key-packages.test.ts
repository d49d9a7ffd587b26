import { randomBytes } from 'node:crypto';
import { LIMITS, toBase64Url } from '@quicprochat/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, refusalOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay;
let count = 0;
// Claims of many, by one address.
beforeAll(async () => void (relay = await startRelay({ rateFactor: 10 })));
afterAll(() => relay.close());

const SUITE = 0x0001;
const packages = (length: number) => Array.from({ length }, () => toBase64Url(randomBytes(100)));
const newDevice = () => new TestDevice(relay.url, `owner-${++count}`).register();
const claim = (by: TestDevice, ...of: TestDevice[]) =>
  by.api.keyPackages.claim.mutate({ suite: SUITE, handles: of.map(({ handle }) => handle) });
const publish = (device: TestDevice, keyPackages: string[], lastResort?: string) =>
  device.api.keyPackages.publish.mutate({ suite: SUITE, keyPackages, ...(lastResort && { lastResort }) });
const status = async (device: TestDevice, suite: 0x0001 | 0x0003 = SUITE) => {
  const { pools } = await device.api.keyPackages.status.mutate({ suites: [suite] });
  if (pools[0] === undefined) throw new Error('no answer for this suite');
  return pools[0];
};

test('RLY-21 RLY-25 a pool grows by what is published, by suite', async () => {
  const device = await newDevice();
  expect(await publish(device, packages(3))).toEqual({ available: 3 });
  expect(await publish(device, packages(2), packages(1)[0])).toEqual({ available: 5 });
  expect(await status(device)).toEqual({ available: 5, lastResort: true });
  expect(await status(device, 0x0003)).toEqual({ available: 0, lastResort: false });
});

test('RLY-21 tells of several pools in one call, in the order of the suites', async () => {
  const device = await newDevice();
  await publish(device, packages(3));
  const { pools } = await device.api.keyPackages.status.mutate({ suites: [0x0003, SUITE] });
  expect(pools).toEqual([
    { available: 0, lastResort: false },
    { available: 3, lastResort: false },
  ]);
  expect(await codeOf(device.api.keyPackages.status.mutate({ suites: [SUITE, SUITE] }))).toBe('BAD_INPUT');
  expect(await codeOf(device.api.keyPackages.status.mutate({ suites: [] }))).toBe('BAD_INPUT');
});

test('RLY-21 a pool over its limit stores nothing', async () => {
  const device = await newDevice();
  for (let i = 0; i < 2; i += 1) await publish(device, packages(LIMITS.maxKeyPackagesPerPublish));
  expect(await codeOf(publish(device, packages(1), packages(1)[0]))).toBe('QUOTA_EXCEEDED');
  expect(await status(device)).toEqual({ available: LIMITS.maxKeyPackagesPerDevice, lastResort: false });
});

test('RLY-21 RLY-22 a repeated upload puts nothing back that was claimed', async () => {
  const device = await newDevice();
  const upload = packages(2);
  await publish(device, upload);
  expect(await publish(device, upload)).toEqual({ available: 2 });
  await claim(device, device);
  expect(await publish(device, upload)).toEqual({ available: 1 });
});

test('RLY-26 an upload can take the place of the pool, and puts nothing back that was claimed', async () => {
  const device = await newDevice();
  const upload = packages(3);
  const replace = () =>
    device.api.keyPackages.publish.mutate({ suite: SUITE, keyPackages: upload, replace: true });
  await publish(device, packages(LIMITS.maxKeyPackagesPerPublish), packages(1)[0]);
  expect(await replace()).toEqual({ available: 3 });
  expect((await claim(device, device)).devices[0]?.keyPackage).toBe(upload[0]);
  expect(await replace()).toEqual({ available: 2 });
  expect(await status(device)).toEqual({ available: 2, lastResort: true });
});

test('RLY-22 the oldest goes first', async () => {
  const device = await newDevice();
  const upload = packages(3);
  for (const one of upload) await publish(device, [one]);
  const claimed = [];
  while (claimed.length < upload.length) claimed.push((await claim(device, device)).devices[0]?.keyPackage);
  expect(claimed).toEqual(upload);
});

test('RLY-22 many who claim at once never get the same one', async () => {
  const [owner, other] = [await newDevice(), await newDevice()];
  await publish(owner, packages(30));
  await publish(other, packages(20), packages(1)[0]);
  const claims = await Promise.all(Array.from({ length: 30 }, () => claim(owner, owner, other)));
  const single = claims.flatMap(({ devices }) => devices).filter(({ lastResort }) => !lastResort);
  expect(single).toHaveLength(50);
  expect(new Set(single.map(({ keyPackage }) => keyPackage)).size).toBe(50);
  expect(await status(owner)).toEqual({ available: 0, lastResort: false });
});

test('RLY-22 a handle that is named twice is claimed once', async () => {
  const device = await newDevice();
  await publish(device, packages(2));
  expect((await claim(device, device, device)).devices).toHaveLength(1);
  expect((await status(device)).available).toBe(1);
});

test('RLY-23 one handle that has nothing left, or is unknown, uses nothing up', async () => {
  const [rich, poor] = [await newDevice(), await newDevice()];
  await publish(rich, packages(1));
  expect(await refusalOf(claim(rich, rich, poor))).toMatchObject({
    code: 'KEY_PACKAGES_EXHAUSTED',
    retryable: true,
    details: { handle: poor.handle },
  });
  const unknown = rich.api.keyPackages.claim.mutate({ suite: SUITE, handles: [rich.handle, 'nobody'] });
  expect(await refusalOf(unknown)).toMatchObject({ code: 'NOT_FOUND', details: { handle: 'nobody' } });
  expect((await status(rich)).available).toBe(1);
});

test('RLY-24 an empty pool gives the last resort, marked, as often as asked, and the newest one', async () => {
  const device = await newDevice();
  const [old, fresh] = packages(2);
  await publish(device, [], old);
  await publish(device, [], fresh);
  const answer = { handle: device.handle, deviceId: device.id, keyPackage: fresh, lastResort: true };
  for (let i = 0; i < 3; i += 1) expect((await claim(device, device)).devices).toEqual([answer]);
});

test('RLY-27 a claim that leaves few tells the device that listens, and one that leaves enough does not', async () => {
  const [owner, other] = [await newDevice(), await newDevice()];
  await publish(owner, packages(LIMITS.lowKeyPackages + 1), packages(1)[0]);
  const { ticket } = await owner.api.inbox.openStream.mutate({ cursor: 0 });
  await using stream = await TestStream.open(relay.url, ticket);
  expect(await stream.take(1)).toEqual([{ type: 'open' }]);
  await claim(other, owner);
  const group = await new TestGroup(relay.url).create();
  await group.commit({ welcome: welcomeFor(owner.id) });
  expect(await stream.take(1)).toMatchObject([{ type: 'inbox-entry' }]);
  await claim(other, owner);
  expect(await stream.take(1)).toEqual([{ type: 'key-packages-low' }]);
});
