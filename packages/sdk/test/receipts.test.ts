import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { toBase64Url } from '@quicprochat/protocol';
import { forgetLastEntry } from '@quicprochat/testkit';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Conversation } from '../src/conversation.ts';
import { findFork, parseLogStatement } from '../src/fork.ts';
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
  const proof = await findFork([same(bob, tea), same(carol, tea)].map(statementOf));
  expect(proof).toMatchObject({ groupId: tea.id, receipts: [{ sequence: 2 }, { sequence: 2 }] });

  await expect(bob.sync()).rejects.toMatchObject({ code: 'RELAY_FORKED' });
  expect(same(bob, tea).state).toBe('forked');
  const own = await findFork([parseLogStatement(JSON.stringify(statementOf(same(bob, tea))))]);
  expect(own?.receipts.map(({ sequence }) => sequence)).toEqual([2, 2]);
  await expect(same(bob, tea).send('more')).rejects.toMatchObject({ code: 'RELAY_FORKED' });
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);
});

test('a live member finds out by itself, by what the relay says to its own message', async () => {
  const { bob, carol, tea } = await trio();
  await bob.close();
  forgetLastEntry(town.relay(), tea.id);
  await same(carol, tea).send('instead');
  await same(carol, tea).send('and on');
  await expect(tea.send('mine')).rejects.toMatchObject({ code: 'RELAY_FORKED' });
  expect(tea.state).toBe('forked');
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
