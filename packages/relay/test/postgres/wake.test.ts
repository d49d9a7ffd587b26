import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { natsMissing, startNats, type NatsServer } from '@quicprochat/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { sharedWake, type Wake } from '../../src/index.ts';
import { logTopic } from '../../src/streams/topics.ts';
import type { BusEvents, OpenBus } from '../../src/wake/bus.ts';
import { newPostgres } from '../support/database.ts';
import { TestDevice } from '../support/device.ts';
import { TestGroup, welcomeFor } from '../support/group.ts';
import { eavesdrop, follow, pingPong, startNode, type Node } from '../support/nodes.ts';

/** The bound of RLY-74. */
const WITHIN_MS = 5_000;

async function inTime<T>(arrival: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not there within ${WITHIN_MS} ms`)), WITHIN_MS);
  });
  return Promise.race([arrival, late]).finally(() => clearTimeout(timer));
}

const textOf = (event: unknown) =>
  Buffer.from((event as { entry: { payload: string } }).entry.payload, 'base64url').toString();

let database: Awaited<ReturnType<typeof newPostgres>>;
beforeAll(async () => void (database = await newPostgres(inject('postgresUrl'))));
afterAll(() => database.remove());

describe.for(natsMissing === undefined ? (['NOTIFY', 'NATS'] as const) : (['NOTIFY'] as const))(
  'by %s',
  (bus) => {
    let nats: NatsServer | undefined;
    let nodes: [Node, Node, Node];
    const servers = () => ({ database, natsUrl: nats?.url });
    const wakeAll = async () => {
      await pingPong(nodes[0].wake, nodes[1].wake);
      await pingPong(nodes[1].wake, nodes[2].wake);
    };
    beforeAll(async () => {
      if (bus === 'NATS') nats = await startNats();
      nodes = [await startNode(servers()), await startNode(servers()), await startNode(servers())];
      await wakeAll();
    });
    afterAll(async () => {
      await Promise.all(nodes.map((node) => node.close()));
      await nats?.remove();
    });

    test('RLY-74 streams have what came to another relay', async () => {
      await using followed = await follow(nodes[0], nodes[1]);
      for (const text of ['1', '2', '3']) {
        await followed.group.post(text);
        expect((await inTime(followed.stream.take(1))).map(textOf)).toEqual([text]);
      }
    });

    test('RLY-74 where the bus is cut, streams have it within five seconds, and wake-ups come back by themselves', async () => {
      for (let round = 0; round < 2; round += 1) {
        await using followed = await follow(nodes[0], nodes[1]);
        await nats?.kill();
        await cutListeners(nodes[2]);
        await followed.group.post(`cut ${round}`);
        expect((await inTime(followed.stream.take(1))).map(textOf)).toEqual([`cut ${round}`]);
        if (nats !== undefined) {
          await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(true), 10_000);
          await nats.start();
          await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(false), 20_000);
        }
        await wakeAll();
      }
    });

    if (bus === 'NATS')
      test('RLY-74 where the bus takes everything and brings nothing, streams have it within five seconds', async () => {
        await using followed = await follow(nodes[0], nodes[1]);
        nats?.freeze();
        try {
          await followed.group.post('frozen');
          expect((await inTime(followed.stream.take(1))).map(textOf)).toEqual(['frozen']);
          await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(true), 10_000);
        } finally {
          nats?.thaw();
        }
        await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(false), 20_000);
        await wakeAll();
      });

    test('RLY-74 RLY-68 where the bus is cut, a stream follows within five seconds what it was given through another relay', async () => {
      await using followed = await follow(nodes[0], nodes[1]);
      const other = await new TestGroup(nodes[0].url).create();
      await nats?.kill();
      await cutListeners(nodes[2]);
      const inputs = { stream: followed.id, groups: [other.followInput(followed.id)] };
      await other.api.groups.follow.mutate(inputs);
      expect(await inTime(followed.stream.take(1))).toMatchObject([{ type: 'following', groupId: other.id }]);
      if (nats !== undefined) {
        await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(true), 10_000);
        await nats.start();
        await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(false), 20_000);
      }
      await wakeAll();
    });

    test('RLY-66 signals come to streams of another relay, each once', async () => {
      await using followed = await follow(nodes[0], nodes[1]);
      await followed.group.signal('1');
      expect(await inTime(followed.stream.take(1))).toMatchObject([{ type: 'signal', payload: 'MQ' }]);
      await followed.group.post('2');
      expect(await inTime(followed.stream.take(1))).toMatchObject([{ type: 'group-entry' }]);
    });

    test('RLY-67 where the bus is cut, signals are lost, and what is stored is not', async () => {
      await using followed = await follow(nodes[0], nodes[1]);
      await nats?.kill();
      await cutListeners(nodes[0]);
      if (nats !== undefined) await followed.group.signal('lost');
      await followed.group.post('stored');
      const [event] = await inTime(followed.stream.take(1));
      expect(event).toMatchObject({ type: 'group-entry' });
      if (nats !== undefined) {
        await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(true), 10_000);
        await nats.start();
        await vi.waitFor(() => expect(nodes.map((node) => node.isHearing())).not.toContain(false), 20_000);
      }
      await wakeAll();
      await followed.group.signal('again');
      expect(await inTime(followed.stream.take(1))).toMatchObject([{ type: 'signal', payload: 'YWdhaW4' }]);
    });

    test('RLY-75 nothing on the bus names a group or a device', async () => {
      const heard: string[] = [];
      const stop = await eavesdrop(servers(), (text) => heard.push(text));
      const device = await new TestDevice(nodes[0].url, `overheard-${bus.toLowerCase()}`).register();
      await using followed = await follow(nodes[0], nodes[1]);
      await followed.group.post('x');
      await followed.group.commit({ welcome: welcomeFor(device.id) });
      await followed.group.signal('said');
      await followed.stream.take(2);
      const { id } = followed.group;
      const digest = createHash('sha256').update(logTopic(id)).digest('hex').slice(0, 16);
      await vi.waitFor(() => expect(heard.join('\n')).toContain(digest), 5_000);
      await vi.waitFor(() => expect(heard.join('\n')).toContain('=c2FpZA'), 5_000);
      await stop();
      for (const text of heard)
        expect(text).toMatch(/^[0-9a-f]{16}( (all|bye|[0-9a-f]{16}|[0-9a-f]{32}=[\w-]+))*$/);
      for (const secret of [id, device.id, device.handle]) expect(heard.join('\n')).not.toContain(secret);
    });
  },
);

/** Cuts the connections on which relays of this database hear NOTIFY. */
async function cutListeners({ db }: Node): Promise<void> {
  await sql`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'quicprochat-relay-wake'
  `.execute(db);
}

describe('buses of which parts fail', () => {
  /** Where a relay is on a bus. Islands do not hear each other. */
  interface End {
    events: BusEvents;
    island: number;
    isDeaf: boolean;
    isMute: boolean;
  }
  const wakes = new Set<Wake>();
  afterAll(() => Promise.all([...wakes].map((wake) => wake.close())));

  /** A bus within this process. */
  function newBus() {
    const ends = new Set<End>();
    const join = () => {
      const end: End = { events: nobody, island: 0, isDeaf: false, isMute: false };
      const open: OpenBus = (events) => {
        end.events = events;
        ends.add(end);
        setImmediate(() => events.onConnected());
        return {
          publish: async (text) => {
            if (end.isMute) throw new Error('lost');
            for (const { events, isDeaf, island } of ends)
              if (!isDeaf && island === end.island) events.onText(text);
          },
          close: async () => void ends.delete(end),
        };
      };
      return { end, open };
    };
    return { join };
  }
  const nobody: BusEvents = { onText: () => undefined, onConnected: () => undefined };

  function newWake(first: OpenBus, other?: OpenBus) {
    const hearing = vi.fn();
    const wake = sharedWake([first, other], hearing);
    wakes.add(wake);
    return { wake, hearing };
  }

  /** Two relays that hear each other. */
  async function newPair() {
    const bus = newBus();
    const [endA, endB] = [bus.join(), bus.join()];
    const [a, b] = [newWake(endA.open), newWake(endB.open)];
    await pingPong(a.wake, b.wake);
    return { a: { ...a, end: endA.end }, b: { ...b, end: endB.end } };
  }

  async function arrival(from: Wake, to: Wake): Promise<void> {
    const topic = `topic ${Math.random()}`;
    await inTime(
      new Promise<void>((resolve) => {
        const stop = to.listen(topic, () => {
          stop();
          resolve();
        });
        from.notify(topic);
      }),
    );
  }

  test('RLY-74 a relay that only cannot speak is missed by the others, which look by themselves', async () => {
    const { a, b } = await newPair();
    a.end.isMute = true;
    await arrival(a.wake, b.wake);
    await vi.waitFor(() => expect(b.hearing).toHaveBeenLastCalledWith(false), 5_000);
    a.end.isMute = false;
    await vi.waitFor(() => expect(b.hearing).toHaveBeenLastCalledWith(true), 5_000);
  });

  test('RLY-74 a relay that only cannot hear looks by itself', async () => {
    const { a, b } = await newPair();
    b.end.isDeaf = true;
    await arrival(a.wake, b.wake);
    await vi.waitFor(() => expect(b.hearing).toHaveBeenLastCalledWith(false), 5_000);
  });

  test('RLY-74 what was lost in a moment too short to be noticed is made up for', async () => {
    const { a, b } = await newPair();
    // Until all that the two owe each other from their start is done.
    await sleep(3_000);
    // Many, as some are woken without a reason now and then.
    const topics = Array.from({ length: 64 }, () => `short ${Math.random()}`);
    const woken = new Set<string>();
    for (const topic of topics) b.wake.listen(topic, () => woken.add(topic));
    a.end.isMute = true;
    for (const topic of topics) a.wake.notify(topic);
    await sleep(50);
    a.end.isMute = false;
    await vi.waitFor(() => expect(woken.size).toBe(topics.length), WITHIN_MS);
    expect(b.hearing).not.toHaveBeenCalledWith(false);
  });

  test('RLY-74 relays between which the first bus is parted, though each hears itself, wake each other by the other', async () => {
    const [first, other] = [newBus(), newBus()];
    const [endA, endB] = [first.join(), first.join()];
    const a = newWake(endA.open, other.join().open);
    const b = newWake(endB.open, other.join().open);
    await pingPong(a.wake, b.wake);
    endB.end.island = 1;
    await arrival(a.wake, b.wake);
    await vi.waitFor(
      () => expect([a.hearing, b.hearing].map((f) => f.mock.lastCall)).toEqual([[false], [false]]),
      5_000,
    );
    // For longer than a relay that is silent everywhere is remembered.
    await sleep(11_000);
    await pingPong(a.wake, b.wake);
    expect(b.hearing).toHaveBeenLastCalledWith(false);
    endB.end.island = 0;
    await vi.waitFor(() => expect(b.hearing).toHaveBeenLastCalledWith(true), 5_000);
  });

  test('RLY-74 a relay that went without a word is forgotten after a while', async () => {
    const { a, b } = await newPair();
    a.end.isMute = true;
    await vi.waitFor(() => expect(b.hearing).toHaveBeenLastCalledWith(false), 5_000);
    await vi.waitFor(() => expect(b.hearing).toHaveBeenLastCalledWith(true), 15_000);
  });

  test('RLY-74 a relay that said goodbye is not missed, and what is no text of ours does nothing', async () => {
    const { a, b } = await newPair();
    await a.wake.close();
    wakes.delete(a.wake);
    for (const text of ['', ' ', 'x', `${'0'.repeat(15)}x bye`, '\u0000'.repeat(9)])
      b.end.events.onText(text);
    await sleep(2_500);
    expect(b.hearing).not.toHaveBeenCalledWith(false);
  });
});
