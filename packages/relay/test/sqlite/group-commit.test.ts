import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextRound } from 'node:timers/promises';
import { sql } from 'kysely';
import { newId } from '@quicprochat/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nodePlatform, openSqlite, type Db, type Observed } from '../../src/index.ts';
import { appendCommit } from '../../src/store/append-commit.ts';
import { isStorageFault } from '../../src/store/faults.ts';
import { createGroup } from '../../src/store/groups.ts';
import { newTicket, takeTicket, useNonces } from '../../src/store/secrets.ts';
import { Statements } from '../../src/store/statements.ts';
import { transaction } from '../../src/store/transaction.ts';
import { welcomeFor } from '../support/group.ts';
import { newCommit, appendMessage, newOnce } from '../support/entries.ts';

let folder: string;
let db: Db;
let group: string;
let commits = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qpc-relay-test-'));
  const observe = (event: Observed) => {
    if (event.type === 'query' && event.kind === 'commit') commits += 1;
  };
  db = await openSqlite(join(folder, 'relay.db'), { observe });
  group = await newGroup();
  commits = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await db.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function newGroup(): Promise<string> {
  const id = newId();
  await createGroup(db, id, KEY);
  return id;
}

/** The access key of all groups here. */
const KEY = randomBytes(32);

const post = (payload: Buffer = randomBytes(20), groupId = group) =>
  appendMessage(db, groupId, { payload, accessKey: KEY });

const commit = (welcome: ReturnType<typeof welcomeFor> | null = null, groupId = group) =>
  appendCommit(db, newCommit(groupId, welcome));

const account = (handle: string) => ({ handle, account_key: randomBytes(32) });

const stored = async () => (await db.selectFrom('entries').select('sequence').execute()).length;

/** What a failing disk makes of a statement. */
const fault = () => Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' });

async function leaveRoomFor(pages: number): Promise<void> {
  const { rows } = await sql<{ page_count: number }>`PRAGMA page_count`.execute(db);
  await sql`PRAGMA max_page_count = ${sql.raw(String((rows[0]?.page_count ?? 0) + pages))}`.execute(db);
}

test('RLY-79 writes of all kinds that come together share one commit', async () => {
  const writes = Array.from({ length: 50 }, () => [
    post(),
    useNonces(db, newOnce()),
    newTicket({ db, platform: nodePlatform }, {}, 1),
    takeTicket(db, randomBytes(32), 1),
  ]);
  await Promise.all(writes.flat());
  expect(commits).toBe(1);
  expect(await stored()).toBe(50);
});

test('RLY-79 what comes later in the same round of the event loop still shares it', async () => {
  const first = post();
  // Long after the first one has had its turn.
  for (let i = 0; i < 500; i += 1) await Promise.resolve();
  await Promise.all([first, post()]);
  expect(commits).toBe(1);
});

/** Begins a write in each of so many rounds of the event loop, one after the other. */
async function postInEachOf(rounds: number): Promise<void> {
  const writes: Promise<unknown>[] = [];
  for (let i = 0; i < rounds; i += 1) {
    writes.push(post());
    await nextRound();
  }
  await Promise.all(writes);
}

test('RLY-79 a group takes in what each next round of the event loop brings, and ends with one that brings nothing', async () => {
  // As if no time went by, however slow the machine is.
  vi.spyOn(performance, 'now').mockReturnValue(0);
  await postInEachOf(20);
  expect(commits).toBe(1);
  await post();
  expect(commits).toBe(2);
});

test('RLY-79 a group does not wait for more than some milliseconds, whatever comes', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 10));
  await postInEachOf(20);
  expect(commits).toBeGreaterThan(5);
});

test('RLY-79 what comes while a group is committed is the next one', async () => {
  for (let i = 0; i < 3; i += 1) await Promise.all([post(), post()]);
  expect(commits).toBe(3);
});

test('RLY-79 nobody sees what is not committed, and nobody waits for it to read', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let holding: Promise<void> | undefined;
  const before = post();
  await new Promise<void>((written) => {
    holding = transaction(db, async (tx) => {
      await tx.updateTable('logs').set({ sequence: 9 }).execute();
      written();
      await held;
    });
  });
  expect(await stored()).toBe(0);
  expect(await db.selectFrom('logs').select('sequence').execute()).toEqual([{ sequence: 0 }]);
  expect(commits).toBe(0);
  release();
  await Promise.all([before, holding]);
  expect(commits).toBe(1);
  expect(await stored()).toBe(1);
  expect(await db.selectFrom('logs').select('sequence').execute()).toEqual([{ sequence: 9 }]);
});

test('RLY-79 what is refused, or thrown, undoes none of its neighbours', async () => {
  const other = await newGroup();
  await db.insertInto('accounts').values(account('taken')).execute();
  commits = 0;
  const outcomes = await Promise.allSettled([
    post(),
    // Refused in the middle, after it has ended the epoch.
    commit(welcomeFor(newId())),
    post(),
    db.insertInto('accounts').values(account('taken')).execute(),
    commit(null, other),
    commit(null, other),
  ]);
  expect(outcomes).toMatchObject([
    { value: { outcome: 'accepted', place: { sequence: 1 } } },
    { value: { outcome: 'unknown-joiner' } },
    { value: { outcome: 'accepted', place: { sequence: 2 } } },
    { reason: { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' } },
    { value: { outcome: 'accepted', place: { sequence: 1 } } },
    { value: { outcome: 'behind', head: { epoch: 1, sequence: 1 } } },
  ]);
  expect(commits).toBe(1);
  expect(await stored()).toBe(3);
  expect(await db.selectFrom('epochs').select('epoch').where('log_id', '=', group).execute()).toHaveLength(1);
});

test('RLY-79 RLY-7 a disk that is full in the middle of a group stores nothing of it, and what comes later', async () => {
  await leaveRoomFor(20);
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 10 }, () => post()),
    useNonces(db, newOnce()),
    post(randomBytes(500_000)),
  ]);
  for (const outcome of outcomes)
    expect(outcome.status === 'rejected' && isStorageFault(outcome.reason)).toBe(true);
  expect(await stored()).toBe(0);
  expect(await db.selectFrom('nonces').selectAll().execute()).toEqual([]);
  expect(await post()).toMatchObject({ outcome: 'accepted', place: { sequence: 1 } });
});

test('RLY-79 RLY-7 a commit that fails is acknowledged to none, refused ones included', async () => {
  const failing = vi.spyOn(Statements.prototype, 'commit').mockImplementationOnce(() => {
    throw fault();
  });
  const id = newId();
  const refused = commit(welcomeFor(newId()));
  const outcomes = await Promise.allSettled([
    post(),
    refused,
    newTicket({ db, platform: nodePlatform }, {}, 1),
    createGroup(db, id, randomBytes(32)),
  ]);
  expect(failing).toHaveBeenCalledTimes(1);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  for (const outcome of outcomes)
    expect(outcome.status === 'rejected' && isStorageFault(outcome.reason)).toBe(true);
  expect(await stored()).toBe(0);
  expect(await db.selectFrom('tickets').selectAll().execute()).toEqual([]);
  expect(await post()).toMatchObject({ outcome: 'accepted', place: { sequence: 1 } });
});

test('RLY-79 work that goes on after a fault of the disk writes nothing more', async () => {
  await leaveRoomFor(20);
  const insert = (tx: Db, ticket: Buffer, subscription: string) =>
    tx.insertInto('tickets').values({ ticket_hash: ticket, subscription, expires_at: 1 }).execute();
  const work = transaction(db, async (tx) => {
    await insert(tx, randomBytes(32), 'x'.repeat(500_000)).catch(() => undefined);
    await insert(tx, randomBytes(32), 'after the fault');
  });
  await expect(work).rejects.toSatisfy(isStorageFault);
  expect(await db.selectFrom('tickets').selectAll().execute()).toEqual([]);
});

test('RLY-79 who closes the store while others write waits for their commit', async () => {
  let closing: Promise<void> | undefined;
  const writing = transaction(db, async (tx) => {
    closing = db.destroy();
    await tx.insertInto('accounts').values(account('last')).execute();
  });
  await Promise.all([writing, closing]);
  db = await openSqlite(join(folder, 'relay.db'));
  expect(await db.selectFrom('accounts').selectAll().where('handle', '=', 'last').execute()).toHaveLength(1);
});
