import { afterEach, expect, test, vi } from 'vitest';
import { platform } from '#platform';
import type { Platform } from '../src/platform/platform.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { Ledger } from '../src/state/ledger.ts';
import { OutboxIndex } from '../src/state/outbox-index.ts';
import { counted } from './support/counted.ts';
import { people } from './support/people.ts';

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

/** What each of so many messages costs that are sent at once. */
async function costOfEach(messages: number): Promise<Record<string, number>> {
  let [calls, events] = [0, 0];
  const storage = counted(memoryStorage());
  const spawnWorker: Platform['spawnWorker'] = (source) => {
    const port = platform.spawnWorker(source);
    const post = (message: unknown) => {
      calls++;
      port.post(message);
    };
    return { ...port, post };
  };
  const update = { afterMessages: 10_000 };
  const own = { ...platform, spawnWorker };
  const alice = await town.join('alice', { live: true, storage, update, platform: own });
  const tea = await alice.conversations.create({ members: [] });
  await tea.send('first');
  alice.subscribe(() => events++);
  const rows = countRows();
  const count = () => ({ calls, events, reads: storage.reads(), commits: storage.commits(), rows: rows() });
  const before = count();
  await Promise.all(Array.from({ length: messages }, (_, i) => tea.send(`text ${i}`)));
  const after = count();
  expect(await tea.history({ limit: 2_000 })).toHaveLength(messages + 1);
  vi.restoreAllMocks();
  const keys = Object.keys(before) as (keyof typeof before)[];
  return Object.fromEntries(keys.map((key) => [key, (after[key] - before[key]) / messages]));
}

test('what a message costs does not grow with the number of those that are sent at once', async () => {
  const few = await costOfEach(25);
  const many = await costOfEach(1_000);
  for (const [what, cost] of Object.entries(many))
    expect(cost, what).toBeLessThanOrEqual((few[what] ?? 0) * 1.5);
  // One commit stores all of them, and each 64 have two more.
  expect(many['commits']).toBeLessThan(0.05);
});
