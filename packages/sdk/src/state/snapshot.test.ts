import type { GroupId } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { contacts, drafts, outboxKey, type OutboxRow } from './rows.ts';
import { Snapshot } from './snapshot.ts';

function contact(handle: string) {
  return { handle, accountKey: '', verified: false };
}

function waiting(n: number): OutboxRow {
  const order = `1-${String(n).padStart(12, '0')}`;
  return { kind: 'create', conversationId: 'tea' as GroupId, id: `id${n}` as never, order, conflicts: 0 };
}

test('keeps the rows of a table in the order of their keys, whenever they came', () => {
  const snapshot = new Snapshot();
  for (const handle of ['carol', 'alice', 'bob']) snapshot.take(`contact/${handle}`, contact(handle));
  const handles = () => snapshot.rows(contacts).map(({ handle }) => handle);
  expect(handles()).toEqual(['alice', 'bob', 'carol']);
  snapshot.take('contact/bob', undefined);
  snapshot.take('contact/aaron', contact('aaron'));
  expect(handles()).toEqual(['aaron', 'alice', 'carol']);
  snapshot.take('contact/alice', { ...contact('alice'), verified: true });
  expect(snapshot.rows(contacts)[1]).toMatchObject({ handle: 'alice', verified: true });
});

test('keeps tables apart, and what replaces all leaves nothing behind', () => {
  const snapshot = new Snapshot();
  snapshot.take('contact/tea', contact('tea'));
  snapshot.take('draft/tea', { text: 'x' });
  expect(snapshot.row(drafts, 'tea')).toEqual({ text: 'x' });
  snapshot.replace(new Map([['draft/milk', { text: 'y' }]]));
  expect([snapshot.rows(contacts), snapshot.rows(drafts)]).toEqual([[], [{ text: 'y' }]]);
});

test('the outbox follows its rows, in the order of sending', () => {
  const snapshot = new Snapshot();
  const keyOf = (row: OutboxRow) => `outbox/${outboxKey(row)}`;
  const [first, second, third] = [waiting(1), waiting(2), waiting(3)];
  snapshot.replace(new Map([third, first, second].map((row) => [keyOf(row), row])));
  const ids = () => [...snapshot.outbox.of('tea' as GroupId)].map(({ id }) => id);
  expect(ids()).toEqual(['id1', 'id2', 'id3']);
  expect(snapshot.take(keyOf(second), undefined)).toEqual(['id2']);
  expect(ids()).toEqual(['id1', 'id3']);
});

test('what takes another’s place in the outbox keeps it', () => {
  const snapshot = new Snapshot();
  const keyOf = (row: OutboxRow) => `outbox/${outboxKey(row)}`;
  const [first, second] = [waiting(1), waiting(2)];
  for (const row of [first, second]) snapshot.take(keyOf(row), row);
  const instead = { ...first, id: 'instead' as never };
  expect(snapshot.take(keyOf(instead), instead)).toEqual(['id1', 'instead']);
  expect([...snapshot.outbox.of('tea' as GroupId)].map(({ id }) => id)).toEqual(['instead', 'id2']);
  expect(snapshot.outbox.byId('id1')).toBeUndefined();
  expect(snapshot.outbox.byId('instead')).toBe(instead);
});
