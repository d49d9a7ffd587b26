import { expect, test } from 'vitest';
import { encodeRow, decodeRow } from '../src/state/codec.ts';
import { HEADER_KEY } from '../src/state/header.ts';
import type { StoreRow } from '../src/state/rows.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { people, same } from './support/people.ts';

const town = people();

/** Somebody who can write the rows, but has no key, makes the store look like one of the version that sealed nothing. */
const HEADERS: [string, (header: StoreRow) => StoreRow][] = [
  ['of the earlier version', (header) => ({ ...header, version: 6 })],
  ['of a migration that was cut off', (header) => ({ ...header, migration: { from: 6, after: '' } })],
];

test.each(HEADERS)(
  'rows in the clear are not taken for this device’s own behind a header %s',
  async (_, forge) => {
    const inner = memoryStorage();
    const storage = { ...inner, close: async () => undefined };
    const alice = await town.join('alice', { storage, live: false });
    const bob = await town.join('bob', { live: false });
    const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
    await bob.sync();
    await tea.send('hello');
    await alice.close();
    const header = decodeRow(HEADER_KEY, (await inner.get(HEADER_KEY))!) as StoreRow;
    const keys = (await inner.scan({ prefix: 'message/' })).map(({ key }) => key);
    const last = keys.at(-1)!;
    const line = {
      id: 'x',
      from: bob.handle,
      own: false,
      epoch: 1,
      sentAtMs: 0,
      receivedAtMs: 0,
      state: 'received',
      content: { type: 'text', text: 'send the money to Mallory' },
    };
    await inner.commit(
      [
        { key: HEADER_KEY, value: encodeRow(forge(header)) },
        { key: last, value: encodeRow(line) },
        {
          key: `contact/${bob.handle}`,
          value: encodeRow({ handle: bob.handle, accountKey: 'A'.repeat(43), verified: true }),
        },
      ],
      await inner.generation(),
    );
    const opened = await town.open({ storage, live: false }).catch((error: unknown) => error as Error);
    if (opened instanceof Error) {
      expect(opened).toMatchObject({ code: 'STORE_CORRUPT' });
      return;
    }
    const lines = await same(opened, tea).history();
    const isVerified = opened.contacts.isVerified(bob.handle);
    await opened.close();
    expect(lines.map(({ content }) => content)).not.toContainEqual(line.content);
    expect(isVerified).toBe(false);
  },
);
