import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { film } from './support/film.ts';
import { network, reset } from './support/network.ts';
import { contentsOf, people, same } from './support/people.ts';
import type { Conversation } from '../src/api/conversation.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });
const ENCRYPTED = ['groups.commit', 'groups.post'];
const countOf = async (conversation: Conversation, type: string) =>
  (await contentsOf(conversation)).filter((content) => content.type === type).length;

/** Alice's storage, put back to when a commit was staged that took effect since; a note beside it tells that it is older. */
async function putBackToStaged() {
  const first = await film();
  const net = network();
  const alice = await town.join('alice', { storage: first.storage, live: false, platform: net.platform });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  net.fail(({ procedure }) => (procedure === 'groups.commit' ? reset() : undefined));
  const healing = tea.heal();
  await eventually('it was tried', () => net.calls.filter((call) => call === 'groups.commit').length > 1);
  const staged = first.length();
  net.mend();
  await healing;
  await tea.send('of before');
  const noted = first.length();
  await alice.close();
  const storage = { ...(await first.putBackTo(staged)), notedGeneration: async () => noted };
  return { bob, tea, storage };
}

test('a storage that its note tells was put back heals with a new commit, whatever the relay hides', async () => {
  const { bob, tea, storage } = await putBackToStaged();
  const net = network();
  const alice = await town.open({ storage, live: false, platform: net.platform });
  // The relay hides what was said since.
  net.lie('groups.read', (page: { entries: { kind: string }[]; receipts: { before: object } }) =>
    page.entries.some(({ kind }) => kind === 'message')
      ? {
          ...page,
          entries: [],
          receipts: { before: page.receipts.before, after: page.receipts.before },
          more: false,
          ended: false,
        }
      : page,
  );
  const hers = same(alice, tea);
  net.fail(({ procedure }) => {
    if (ENCRYPTED.includes(procedure)) net.mend();
    return undefined;
  });
  await hers.send('of after').catch(() => undefined);
  const first = net.calls.find((call) => ENCRYPTED.includes(call));
  await alice.sync();
  await bob.sync();
  // Bob had a text under that key already.
  expect(await countOf(same(bob, tea), 'undecryptable')).toBe(0);
  expect(first).toBe('groups.commit');
});

test('a storage that its note tells was put back says so once', async () => {
  const { tea, storage } = await putBackToStaged();
  const alice = await town.open({ storage, live: false });
  await alice.sync();
  expect(await countOf(same(alice, tea), 'copied')).toBe(1);
});
