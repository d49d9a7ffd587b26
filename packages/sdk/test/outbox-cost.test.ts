import { afterEach, expect, test, vi } from 'vitest';
import { Ledger } from '../src/state/ledger.ts';
import { OutboxIndex } from '../src/state/outbox-index.ts';
import { people, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

afterEach(() => {
  vi.restoreAllMocks();
});

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** Counts the rows that the client's state hands out, one by one or in lists. */
function countRows() {
  let count = 0;
  const observe = (prototype: object, name: string, look: (given: unknown) => unknown) => {
    const original = Reflect.get(prototype, name) as Methods[string];
    vi.spyOn(prototype as Methods, name).mockImplementation(function (this: unknown, ...args) {
      return look(Reflect.apply(original, this, args));
    });
  };
  const one = (row: unknown) => {
    count++;
    return row;
  };
  const each = function* (rows: unknown) {
    for (const row of rows as Iterable<unknown>) yield one(row);
  };
  observe(Ledger.prototype, 'row', one);
  observe(Ledger.prototype, 'rows', (rows) => [...each(rows)]);
  observe(OutboxIndex.prototype, 'byId', one);
  observe(OutboxIndex.prototype, 'of', each);
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
