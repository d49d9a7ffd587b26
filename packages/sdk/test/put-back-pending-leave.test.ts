import { expect, test } from 'vitest';
import { film } from './support/film.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people();

test('a storage that was put back to before it asked to leave is not alone with its next commit', async () => {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  await tea.send('before');
  const before = first.length();
  // Bob is away, and does not commit it yet.
  await tea.leave();
  await alice.close();

  const again = await town.open({ storage: await first.putBackTo(before), live: false });
  const hers = same(again, tea);
  const sent = await hers.send('is anybody there?').then(
    () => 'sent',
    () => 'not sent',
  );
  await bob.sync();
  await again.sync().catch(() => undefined);
  await bob.sync();
  await again.sync().catch(() => undefined);
  const his = same(bob, tea);
  expect([hers.state, sent, await textsOf(his)]).toEqual(['stuck', 'not sent', ['before']]);

  await his.members.add([again.handle]);
  await again.sync();
  await hers.send('here again');
  await bob.sync();
  expect(await textsOf(his)).toEqual(['before', 'here again']);
});
