import { Client, memoryStorage } from '@quicprochat/sdk';
import { expect, test } from 'vitest';
import { town } from './town.ts';

const { move, relay } = town();

test('a command that has much to read says on stderr how far it is, once for each 1,000 entries', async () => {
  const bob = await move('bob');
  const writer = await Client.create({ relay: relay().url, storage: memoryStorage(), handle: 'writer' });
  const tea = await writer.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.done('conversations');
  await Promise.all(Array.from({ length: 1_200 }, (_, i) => tea.send(`message ${i}`)));
  await writer.close();
  const { exit, stderr } = await bob.shown('conversations');
  expect(exit).toBe(0);
  expect(stderr).toBe('Catching up with Tea: 1,000 entries so far.\n');
}, 120_000);
