import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  eventually,
  isHere,
  natsMissing,
  postgresMissing,
  startNats,
  startPostgres,
  startRelay,
  type NatsServer,
  type PostgresServer,
  type RelayProcess,
} from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';
import { TestStream } from '../../../packages/relay/test/support/stream.ts';

const withServers = isHere(postgresMissing ?? natsMissing);

let postgres: PostgresServer;
let nats: NatsServer;
let relays: RelayProcess[] = [];

beforeAll(async () => {
  if (!withServers) return;
  [postgres, nats] = [await startPostgres(), await startNats()];
  const env = { QPC_DATABASE: postgres.url, QPC_NATS: nats.url, QPC_RATE_FACTOR: '100' };
  relays = await Promise.all(Array.from({ length: 3 }, () => startRelay({ env })));
});
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.kill()));
  if (!withServers) return;
  await postgres.remove();
  await nats.remove();
});

/** A group, and a view of it at each relay, with the same keys. */
async function newGroup(): Promise<TestGroup[]> {
  const [first, ...others] = relays;
  const group = await new TestGroup(first?.url ?? '').create();
  return [group, ...others.map(({ url }) => new TestGroup(url, group.id, group.keys))];
}

test.runIf(withServers)(
  'RLY-46 RLY-72 processes are killed under load one after the other: all that was acknowledged is there, once',
  async () => {
    const views = await newGroup();
    const acknowledged: number[] = [];
    const stop = new AbortController();
    const write = async (view: TestGroup) => {
      // A write without an answer may or may not have been stored: only answers count.
      while (!stop.signal.aborted)
        await view.post('x').then(
          (sequence) => acknowledged.push(sequence),
          () => sleep(20),
        );
    };
    const writing = views.flatMap((view) => [write(view), write(view)]);
    for (const relay of relays) {
      const before = acknowledged.length;
      await eventually('fifty more are acknowledged', () => acknowledged.length >= before + 50);
      await relay.kill();
      const during = acknowledged.length;
      await eventually('the others go on', () => acknowledged.length >= during + 50);
      await relay.start();
    }
    stop.abort();
    await Promise.all(writing);
    const sequences: number[] = [];
    for (let cursor = 0, more = true; more;) {
      const page = await (views[0] ?? expect.unreachable()).read({ cursor });
      sequences.push(...page.entries.map(({ sequence }) => sequence));
      ({ cursor, more } = page);
    }
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(acknowledged.filter((sequence) => !sequences.includes(sequence))).toEqual([]);
  },
  90_000,
);

test.runIf(withServers)(
  'RLY-74 NATS is killed: what one process takes reaches the streams of another, and operators are told',
  async () => {
    const [writer] = await newGroup();
    if (writer === undefined) throw new Error('no group');
    const { ticket } = await writer.api.groups.openStream.mutate({ groups: [writer.streamInput()] });
    await using stream = await TestStream.open(relays[1]?.url ?? '', ticket);
    await stream.take(1);
    await nats.kill();
    for (const text of ['1', '2']) {
      await writer.post(text);
      expect(await stream.take(1)).toMatchObject([
        { entry: { payload: Buffer.from(text).toString('base64url') } },
      ]);
    }
    const log = () => readFileSync(join(relays[1]?.folder ?? '', 'relay.log'), 'utf8');
    await eventually('the log says so', () => log().includes('wake-ups from some relays do not arrive'));
    await nats.start();
    await eventually('and says when they are back', () =>
      log().includes('wake-ups from all other relays arrive again'),
    );
    expect(log()).not.toContain(new URL(postgres.url).password);
  },
  60_000,
);

test.runIf(withServers)('told to stop, a process of several ends with 0', async () => {
  const leaving = await startRelay({ env: { QPC_DATABASE: postgres.url, QPC_NATS: nats.url } });
  await leaving.stop();
  expect(readFileSync(join(leaving.folder, 'relay.log'), 'utf8')).toContain('the relay has stopped');
});
