import { newId } from '@quicprochat/testkit';
import { afterEach, expect, test, vi } from 'vitest';
import { localWake, nodePlatform, type Observed } from '../src/index.ts';
import { Notary } from '../src/proof/notary.ts';
import { createGroup } from '../src/store/groups.ts';
import { SharedPages } from '../src/streams/shared-pages.ts';
import { logTopic } from '../src/streams/topics.ts';
import { newDatabase } from './support/database.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay | undefined;
let reads = 0;
afterEach(async () => {
  await relay?.close();
  relay = undefined;
});

/** One relay, which looks into the store when it has a reason to, and not now and then. */
async function start(): Promise<TestRelay> {
  const observe = (event: Observed) => {
    if (event.type === 'query' && event.kind === 'read') reads += 1;
  };
  return (relay = await startRelay({ instances: 1, wake: localWake(), observe }));
}

async function open(url: string, group: TestGroup, place: { epoch?: number; cursor?: number } = {}) {
  const groups = [group.streamInput(place)];
  const { ticket } = await group.api.groups.openStream.mutate({ groups });
  return TestStream.open(url, ticket);
}

/** How often the store is read for a message to a group of so many, its posting included. */
async function readsOfDelivery(url: string, size: number): Promise<number> {
  const group = await new TestGroup(url).create();
  const streams = await Promise.all(Array.from({ length: size }, () => open(url, group)));
  const take = () => Promise.all(streams.map((stream) => stream.take(1)));
  await take();
  await group.post('now all of them stand at one place');
  await take();
  reads = 0;
  await group.post('what is counted');
  await take();
  const counted = reads;
  await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
  return counted;
}

test('RLY-65 a delivery to sixty streams costs as many reads of the store as one to two', async () => {
  const { url } = await start();
  const few = await readsOfDelivery(url, 2);
  expect(few).toBeGreaterThan(0);
  expect(await readsOfDelivery(url, 60)).toBe(few);
});

test('RLY-65 RLY-36 streams at one place under the keys of two epochs: the old key opens the commit, and nothing after', async () => {
  const { url } = await start();
  const group = await new TestGroup(url).create();
  await group.post('1');
  const commit = await group.commit();
  for (const text of ['3', '4']) await group.post(text);
  const sequences = async (stream: TestStream) => {
    const events: unknown[] = [];
    for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
      events.push(event.type === 'group-entry' ? event.entry.sequence : event.type);
      if (event.type === 'group-entry' && event.entry.sequence === 4) break;
    }
    await stream[Symbol.asyncDispose]();
    return events;
  };
  const epochs = [1, 0, 1, 0, 0, 1];
  const streams = await Promise.all(epochs.map((epoch) => open(url, group, { epoch })));
  const received = await Promise.all(streams.map(sequences));
  for (const [i, epoch] of epochs.entries())
    expect(received[i]).toEqual(epoch === 0 ? ['open', 1, commit, 'epoch-ended'] : ['open', 1, commit, 3, 4]);
});

test('RLY-65 RLY-36 who is removed while all listen gets the commit as they do, and no entry of the next epoch', async () => {
  const { url } = await start();
  const group = await new TestGroup(url).create();
  const [removed, member] = [await open(url, group), await open(url, group)];
  await Promise.all([removed.take(1), member.take(1)]);
  await group.post('for both');
  // Nobody reads yet: the wake-ups of what comes after the commit reach the streams of before it.
  await group.commit();
  await Promise.all(['a', 'b', 'c'].map((text) => group.post(text)));
  for (const stream of [removed, member]) {
    expect(
      (await stream.take(3)).map((event) => ('entry' in event ? event.entry.sequence : event.type)),
    ).toEqual([1, 2, 'epoch-ended']);
    expect(await stream.next()).toBeUndefined();
    await stream[Symbol.asyncDispose]();
  }
  await using after = await open(url, group, { cursor: 2 });
  expect((await after.take(4)).map((event) => event.type)).toEqual([
    'open',
    'group-entry',
    'group-entry',
    'group-entry',
  ]);
});

test('RLY-65 a page is read anew after a wake-up, after a fault, and for who listens anew; otherwise it is the same', async () => {
  const database = await newDatabase();
  const db = await database.open();
  const wake = localWake();
  const pages = new SharedPages(db, wake, new Notary(db, nodePlatform));
  const groupId = newId();
  const place = { groupId, logId: groupId, epoch: 0, cursor: 0 };
  await createGroup(db, place.groupId, new Uint8Array(32));
  const topic = logTopic(place.logId);
  let stop = pages.listen(topic, () => undefined);
  const first = await pages.page(place);
  expect(first).toEqual({ events: [], cursor: 0, more: false, ended: false });
  expect(await pages.page(place)).toBe(first);

  wake.notify(topic);
  const second = await pages.page(place);
  expect(second).not.toBe(first);
  stop();
  stop = pages.listen(topic, () => undefined);
  expect(await pages.page(place)).not.toBe(second);

  wake.notify(topic);
  const failing = vi.spyOn(db, 'executeQuery').mockImplementationOnce(() => {
    throw new Error('the store is away');
  });
  await expect(pages.page(place)).rejects.toThrow('the store is away');
  expect(await pages.page(place)).toEqual(first);
  failing.mockRestore();
  stop();
  await db.destroy();
  await database.remove();
});
