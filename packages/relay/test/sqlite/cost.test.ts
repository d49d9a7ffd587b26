import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createRelay, localWake, openSqlite, type Db, type Observed } from '../../src/index.ts';
import { TestGroup } from '../support/group.ts';
import { TestStream } from '../support/stream.ts';

/** A log of so many entries, put there behind the relay's back. */
async function fill(db: Db, groupId: string, length: number): Promise<void> {
  await sql`
    WITH RECURSIVE place(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < ${length})
    INSERT INTO entries (log_id, sequence, epoch, kind, entry_id, payload, digest, head)
    SELECT ${groupId}, n, 0, 'message', lower(hex(randomblob(16))), randomblob(40), randomblob(32), randomblob(32) FROM place
  `.execute(db);
  await db.updateTable('logs').set({ sequence: length }).where('log_id', '=', groupId).execute();
}

/** Statements that the store carried out for a post to a log of this length, which so many streams follow, and for a page. */
async function statements({ length, streams }: { length: number; streams: number }) {
  const told: Observed[] = [];
  const db = await openSqlite(':memory:', { observe: (observed) => told.push(observed) });
  const relay = createRelay({ db, wake: localWake(), origins: [], rateFactor: 100 });
  const open: TestStream[] = [];
  try {
    const url = await relay.listen({ host: '127.0.0.1', port: 0 });
    const group = await new TestGroup(url).create();
    await fill(db, group.id, length);
    for (let i = 0; i < streams; i += 1) {
      const groups = [group.streamInput({ cursor: length })];
      const { ticket } = await group.api.groups.openStream.mutate({ groups });
      const stream = await TestStream.open(url, ticket);
      await stream.take(1);
      open.push(stream);
    }
    const count = (...kinds: string[]) =>
      told.filter((observed) => observed.type === 'query' && kinds.includes(observed.kind)).length;
    told.length = 0;
    await group.post('', { payload: randomBytes(40) });
    await Promise.all(open.map((stream) => stream.take(1)));
    const written = count('write', 'commit');
    told.length = 0;
    const page = await group.read({ cursor: length - 5, limit: 5 });
    expect(page.entries).toHaveLength(5);
    return { written, read: count('read', 'write', 'commit') };
  } finally {
    for (const stream of open) await stream[Symbol.asyncDispose]();
    await relay.close();
  }
}

test('RLY-42 a post costs as many writes, and a page as many statements, however long the log is and however many follow it', async () => {
  const small = await statements({ length: 10, streams: 1 });
  expect(small.written).toBeGreaterThan(1);
  expect(await statements({ length: 20_000, streams: 1 })).toEqual(small);
  expect(await statements({ length: 10, streams: 30 })).toEqual(small);
});
