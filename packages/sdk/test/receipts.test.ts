import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { join } from 'node:path';
import { platform } from '#platform';
import {
  contentOf,
  fromBase64Url,
  receiptTranscript,
  toBase64Url,
  type GroupEntry,
  type GroupPage,
} from '@quicprochat/protocol';
import { eventually, forgetLastEntry } from '@quicprochat/testkit';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Conversation } from '../src/api/conversation.ts';
import { findFork, parseLogStatement } from '../src/log/fork.ts';
import type { Platform } from '../src/platform/platform.ts';
import { expectedHead } from '../src/log/receipts.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

/** What an operator can do to a relay's store. */
function tamper(change: (database: Sqlite.Database) => void): void {
  const database = new Sqlite(join(town.relay().folder, 'relay.db'), { timeout: 5_000 });
  change(database);
  database.close();
}

/** Three members, of whom Alice and Bob have read a last message that Carol has not. */
async function trio() {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  await syncAll(alice, bob, carol);
  const tea = await alice.conversations.create({ members: [bob.handle, carol.handle] });
  await syncAll(bob, carol);
  await tea.send('hello');
  await syncAll(bob, alice);
  return { alice, bob, carol, tea };
}

const statementOf = (member: Conversation) => member.statement ?? expect.unreachable();

test('members who have read one log hold receipts of one log', async () => {
  const { bob, carol, tea } = await trio();
  await carol.sync();
  const statements = [tea, same(bob, tea), same(carol, tea)].map(statementOf);
  expect(new Set(statements.map(({ receiptKey }) => receiptKey)).size).toBe(1);
  const [ours, ...others] = statements.map(({ receipts }) => receipts.at(-1));
  expect(ours).toMatchObject({ branch: '', sequence: 2 });
  expect(others).toEqual([ours, ours]);
  expect(await findFork(statements)).toBeUndefined();
});

test('a relay that shows a member another log than before is caught, and nothing more is taken from it', async () => {
  const { bob, carol, tea } = await trio();
  forgetLastEntry(town.relay(), tea.id);
  await same(carol, tea).send('instead');
  // Bob and Carol have the proof between them already.
  const fork = await findFork([same(bob, tea), same(carol, tea)].map(statementOf));
  expect(fork).toMatchObject({ groupId: tea.id, receipts: [{ sequence: 2 }, { sequence: 2 }] });

  await expect(bob.sync()).rejects.toMatchObject({ code: 'RELAY_FORKED' });
  expect(same(bob, tea).state).toBe('forked');
  const own = await findFork([parseLogStatement(JSON.stringify(statementOf(same(bob, tea))))]);
  expect(own?.receipts.map(({ sequence }) => sequence)).toEqual([2, 2]);
  await expect(same(bob, tea).send('more')).rejects.toMatchObject({ code: 'RELAY_FORKED' });
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);

  const proof = statementOf(same(bob, tea));
  await same(bob, tea).leave();
  expect(same(bob, tea).state).toBe('left');
  expect(statementOf(same(bob, tea))).toEqual(proof);
});

test('a live member finds out by itself, by what the relay says to its own message', async () => {
  const { bob, carol, tea } = await trio();
  await bob.close();
  forgetLastEntry(town.relay(), tea.id);
  await same(carol, tea).send('instead');
  await same(carol, tea).send('and on');
  const sending = ['mine', 'and more', 'and more'].map((text) => tea.send(text));
  for (const { status, reason } of (await Promise.allSettled(sending)) as PromiseRejectedResult[])
    expect({ status, code: reason.code, details: reason.details }).toEqual({
      status: 'rejected',
      code: 'RELAY_FORKED',
      details: {},
    });
  expect(tea.state).toBe('forked');
  expect(tea.waiting).toEqual([]);
  expect((await tea.history()).slice(-3).map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
});

test('what the relay changes without signing for it is not taken', async () => {
  const { carol, tea } = await trio();
  tamper((database) =>
    database
      .prepare('UPDATE entries SET entry_id = ? WHERE log_id = ? AND sequence = 2')
      .run('0'.repeat(32), tea.id),
  );
  await expect(carol.sync()).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  expect(await textsOf(same(carol, tea))).toEqual([]);
  expect(same(carol, tea).state).toBe('active');
});

/** A relay that changes the last entry of the pages that it shows, and signs for what it shows. */
function showing(change: (entry: GroupEntry) => { entry: GroupEntry; branch: string }): Platform {
  const fetch: Platform['net']['fetch'] = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.includes('groups.read')) return platform.net.fetch(request);
    const { groupId } = (await request.clone().json()) as { groupId: string };
    const body = (await (await platform.net.fetch(request)).json()) as { result: { data: GroupPage } };
    body.result.data = await lieIn(groupId, body.result.data);
    return Response.json(body);
  };
  const lieIn = async (groupId: string, page: GroupPage): Promise<GroupPage> => {
    const last = page.entries.at(-1);
    if (last === undefined) return page;
    const { entry, branch } = change(last);
    const head = expectedHead(page.receipts.before.head, {
      sequence: entry.sequence,
      content: contentOf(entry),
    });
    const mark = { branch, sequence: entry.sequence, head: fromBase64Url(head) };
    const signature = toBase64Url(sign(null, receiptTranscript(groupId, mark), signingKey()));
    return { ...page, entries: [entry], receipts: { ...page.receipts, after: { ...mark, head, signature } } };
  };
  return { ...platform, net: { ...platform.net, fetch } };
}

function signingKey() {
  const database = new Sqlite(join(town.relay().folder, 'relay.db'), { readonly: true, timeout: 5_000 });
  const key = database.prepare('SELECT private_key FROM receipt_key').pluck().get() as Buffer;
  database.close();
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

test.each([
  ['a further candidate whose predecessors it does not show', 1, '2.1'],
  ['the first candidate in a line that nothing has begun', 0, '2.1'],
])('a relay cannot part a member from the others by %s', async (_what, candidate, branch) => {
  const liar = showing((entry) => ({
    entry: entry.kind === 'commit' ? { ...entry, candidate } : entry,
    branch,
  }));
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { platform: liar })];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.heal();
  await expect(bob.sync()).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  expect(same(bob, tea).epoch).toBe(tea.epoch - 1);
});

/** A relay whose streams carry no receipts. */
function silent(): Platform {
  const fetch: Platform['net']['fetch'] = async (...args) => {
    const response = await platform.net.fetch(...args);
    if (response.headers.get('content-type') !== 'text/event-stream') return response;
    // Renamed, a field is one that nobody knows. The relay sends each event by itself.
    const rename = new TransformStream<string, string>({
      transform: (text, controller) => controller.enqueue(text.replaceAll('"receipt":', '"silence":')),
    });
    const body = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(rename);
    return new Response(body?.pipeThrough(new TextEncoderStream()), response);
  };
  return { ...platform, net: { ...platform.net, fetch } };
}

test('a live member takes nothing that the relay has not signed for', async () => {
  const alice = await town.join('alice');
  const bob = await town.join('bob', { live: true, platform: silent() });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is there', () => bob.conversations.list().some(({ id }) => id === tea.id));
  await eventually('Bob has read what is there', () => same(bob, tea).statement !== undefined);
  await eventually('Bob is online', () => bob.connection === 'online');
  await Promise.all(Array.from({ length: 80 }, (_, i) => tea.send(`${i}`)));
  await eventually('Bob reads', async () => (await textsOf(same(bob, tea))).length > 0);
  expect(statementOf(same(bob, tea)).receipts.at(-1)?.sequence).toBeGreaterThan(1);
});

test('a member who only writes has receipts that were looked at', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await tea.send('hello');
  expect(statementOf(tea).receipts.at(-1)).toMatchObject({ sequence: 2 });
});

test('receipts that nobody signed prove nothing', async () => {
  const { tea } = await trio();
  const statement = statementOf(tea);
  const [receipt] = statement.receipts.slice(-1);
  if (receipt === undefined) return expect.unreachable();
  const forged = { ...receipt, head: toBase64Url(randomBytes(32)) };
  const garbled = { ...receipt, head: '!', signature: '' };
  expect(await findFork([{ ...statement, receipts: [receipt, forged, garbled] }])).toBeUndefined();
  for (const json of ['', '{}', '[]', JSON.stringify({ ...statement, receipts: [{}] })])
    expect(() => parseLogStatement(json)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
