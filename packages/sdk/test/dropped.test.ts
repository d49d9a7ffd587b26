import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { network, reset } from './support/network.ts';
import { people, same } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

const ended = expect.objectContaining({ code: 'CONVERSATION_ENDED' });

test('a message that was dropped when its sender was removed is no success in a tab that finds the sender added again', async () => {
  const inner = { ...memoryStorage(), close: async () => undefined };
  const first = await town.join('alice', { storage: inner, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await bob.conversations.create({ members: [first.handle] });
  await first.sync();
  const net = network();
  // A tab that was asleep: it hears of all that another one did at once.
  const storage = { ...inner, onForeignCommit: () => () => undefined };
  const second = await town.open({ storage, live: true, platform: net.platform });
  net.fail(reset);
  const sending = same(second, tea).send('too late');
  const outcome = expect(sending).rejects.toEqual(ended);
  await expect.poll(() => same(second, tea).waiting.length).toBe(1);

  await tea.members.remove([first.handle]);
  await first.sync();
  await tea.members.add([first.handle]);
  await first.sync();
  await same(second, tea).setDraft('awake');
  expect(same(second, tea).state).toBe('active');
  await outcome;
});

test('a message that waits while its sender leaves a conversation without others is no success', async () => {
  const net = network();
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const notes = await alice.conversations.create({ members: [] });
  net.fail(reset);
  const outcome = expect(notes.send('never sent')).rejects.toEqual(ended);
  await expect.poll(() => notes.waiting.length).toBe(1);
  await notes.leave();
  await outcome;
  expect(notes.lastMessage?.state).toBe('failed');
});
