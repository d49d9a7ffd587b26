import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { createRelay, natsBus, postgresBus, sharedWake, type Db, type Wake } from '../../src/index.ts';
import type { TestDatabase } from './database.ts';
import { TestGroup } from './group.ts';
import { TestStream } from './stream.ts';

/** One of several relays on one database, each with connections and wake-ups of its own, as processes have them. */
export interface Node {
  url: string;
  db: Db;
  wake: Wake;
  /** Whether the first bus brings what relays say, as far as it has noticed. */
  isHearing: () => boolean;
  close(): Promise<void>;
}

interface Servers {
  database: TestDatabase & { url: string };
  /** Without it, wake-ups go over the database. */
  natsUrl?: string | undefined;
}

export async function startNode({ database, natsUrl }: Servers): Promise<Node> {
  const db = await database.open();
  const notify = postgresBus(database.url, db);
  let isHearing = true;
  const wake = sharedWake(
    natsUrl === undefined ? [notify] : [natsBus([natsUrl]), notify],
    (hears) => (isHearing = hears),
  );
  const relay = createRelay({ db, wake, origins: [], rateFactor: 1_000 });
  const url = await relay.listen({ host: '127.0.0.1', port: 0 });
  return { url, db, wake, isHearing: () => isHearing, close: () => relay.close() };
}

/** A group that is written through one relay, and a stream of it from another. */
export async function follow(writer: Node, reader: Node) {
  const group = await new TestGroup(writer.url).create();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  const stream = await TestStream.open(reader.url, ticket);
  const [opened] = await stream.take(1);
  const id = (opened?.type === 'open' && opened.stream) || '';
  return { group, stream, id, [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose]() };
}

/** Wakes back and forth. Waking without a reason would take minutes for fifty turns. */
export async function pingPong(a: Wake, b: Wake, turns = 50): Promise<void> {
  const [there, back] = [`there ${Math.random()}`, `back ${Math.random()}`];
  const stop = b.listen(there, () => b.notify(back));
  for (let i = 0; i < turns; i += 1) {
    await new Promise<void>((resolve) => {
      const stopOnce = a.listen(back, () => {
        stopOnce();
        resolve();
      });
      a.notify(there);
    });
  }
  stop();
}

/** All that is said on a bus, as somebody hears it who has no business there. */
export async function eavesdrop({ database, natsUrl }: Servers, onText: (text: string) => void) {
  if (natsUrl === undefined) {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    client.on('notification', ({ payload }) => onText(payload ?? ''));
    await client.query('LISTEN quicprochat_wake');
    return () => client.end();
  }
  const connection = await connect({ servers: new URL(natsUrl).host });
  connection.subscribe('>', { callback: (_error, message) => onText(message.string()) });
  await connection.flush();
  return () => connection.close();
}
