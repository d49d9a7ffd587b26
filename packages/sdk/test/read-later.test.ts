import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people();

test.each(['group', 'roster'])(
  'a damaged row of the table %s is found when it is needed, and takes no other conversation along',
  async (table) => {
    const inner = memoryStorage();
    const storage = { ...inner, close: async () => undefined };
    const alice = await town.join('alice', { storage, live: false });
    const bob = await town.join('bob', { live: false });
    const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
    const work = await alice.conversations.create({ name: 'Work', members: [bob.handle] });
    await alice.close();
    const key = `${table}/${tea.id}`;
    const stored = (await inner.get(key))!;
    const damaged = stored.with(-1, stored.at(-1)! ^ 1);
    await inner.commit([{ key, value: damaged }], await inner.generation());

    const opened = await town.open({ storage, live: false });
    const isDamaged = { code: 'STORE_CORRUPT', details: { told: `The stored row ${key} is damaged.` } };
    expect(() => same(opened, tea).members.list()).toThrow(expect.objectContaining(isDamaged));
    expect(() => same(opened, tea).security).toThrow(expect.objectContaining(isDamaged));
    await expect(same(opened, tea).send('lost?')).rejects.toMatchObject(isDamaged);
    expect(same(opened, work).members.list()).toHaveLength(2);
    await same(opened, work).send('still here');
    await bob.sync();
    expect(await textsOf(same(bob, work))).toEqual(['still here']);
    await opened.close();

    await inner.commit([{ key, value: stored }], await inner.generation());
    const mended = await town.open({ storage, live: false });
    await same(mended, tea).send('here again');
    await bob.sync();
    expect(await textsOf(same(bob, tea))).toContain('here again');
    await mended.close();
  },
);
