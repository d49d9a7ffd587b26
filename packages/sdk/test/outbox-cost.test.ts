import { afterEach, expect, test, vi } from 'vitest';
import { Ledger } from '../src/engine/ledger.ts';
import { OutboxIndex } from '../src/engine/outbox-index.ts';
import { people, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts the rows that the client's state hands out, one by one or in lists. */
function countRows() {
  let count = 0;
  const { rows, row } = Ledger.prototype;
  const { of, byId, first } = OutboxIndex.prototype;
  vi.spyOn(Ledger.prototype, 'rows').mockImplementation(function (this: Ledger, ...args) {
    const given = rows.apply(this, args);
    count += given.length;
    return given;
  });
  vi.spyOn(Ledger.prototype, 'row').mockImplementation(function (this: Ledger, ...args) {
    count++;
    return row.apply(this, args);
  });
  vi.spyOn(OutboxIndex.prototype, 'of').mockImplementation(function* (this: OutboxIndex, ...args) {
    for (const given of of.apply(this, args)) {
      count++;
      yield given;
    }
  });
  vi.spyOn(OutboxIndex.prototype, 'byId').mockImplementation(function (this: OutboxIndex, ...args) {
    count++;
    return byId.apply(this, args);
  });
  vi.spyOn(OutboxIndex.prototype, 'first').mockImplementation(function (this: OutboxIndex, ...args) {
    count++;
    return first.apply(this, args);
  });
  return () => count;
}

/** The rows that are read for each of so many messages that are sent at once. */
async function rowsPerMessage(messages: number): Promise<number> {
  const alice = await town.join('alice', { live: true, update: { afterMessages: 10_000 } });
  const tea = await alice.conversations.create({ members: [] });
  const read = countRows();
  await Promise.all(Array.from({ length: messages }, (_, i) => tea.send(`text ${i}`)));
  expect(await textsOf(tea)).toHaveLength(messages);
  const count = read();
  vi.restoreAllMocks();
  return count / messages;
}

test('what a message costs does not depend on how many others wait to be sent', async () => {
  const few = await rowsPerMessage(50);
  const many = await rowsPerMessage(200);
  expect(many).toBeLessThan(few * 1.5);
});
