import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetLastEntry } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { texts, town, type Home } from './town.ts';

const { party, relay, folder, emptyHome } = town();

/** What a member hands over. */
async function evidenceOf(home: Home): Promise<string> {
  const path = join(folder(), `${home.handle}.json`);
  await writeFile(path, JSON.stringify(await home.done('receipts', 'Tea')));
  return path;
}

test('two members prove with their receipts that the relay showed them two logs', async () => {
  const [alice, bob, carol] = await party('alice', 'bob', 'carol');
  await alice.says('hello');
  const honest = await evidenceOf(alice);
  expect(await bob.hears(1)).toEqual(['hello']);
  expect(await alice.refused('verify-fork', honest, await evidenceOf(bob))).toEqual({
    exit: 1,
    code: 'NOT_PROVEN',
  });

  const { groupId } = await alice.done('receipts', 'Tea');
  forgetLastEntry(relay(), String(groupId));
  await carol.says('instead');
  const proof = await emptyHome().done('verify-fork', honest, await evidenceOf(carol));
  expect(proof).toMatchObject({ groupId, receipts: [{ sequence: 3 }, { sequence: 3 }] });
  const { exit, stdout } = await emptyHome().shown('verify-fork', honest, await evidenceOf(carol));
  expect([exit, stdout]).toEqual([
    0,
    expect.stringContaining(`showed two logs of the group ${String(groupId)}`),
  ]);

  expect(await bob.refused('send', 'Tea', texts('bob', 1)[0] ?? '')).toEqual({
    exit: 1,
    code: 'RELAY_FORKED',
  });
  const { conversations } = await bob.done('conversations');
  expect(conversations).toMatchObject([{ state: 'forked' }]);
}, 90_000);

test('a file that is none, or holds something else, is told by its name', async () => {
  const path = join(folder(), 'something.json');
  await writeFile(path, '{"receipts": 7}');
  for (const file of [path, join(folder(), 'nowhere.json')])
    expect(await emptyHome().refused('verify-fork', file)).toEqual({ exit: 3, code: 'CONFIG' });
  expect(await emptyHome().refused('verify-fork')).toEqual({ exit: 2, code: 'USAGE' });
});
