import { backUpRelay } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { town } from './town.ts';

const { party, relay } = town();

test('a conversation that is ahead of a restored relay is named, and every command works in the others', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await alice.done('conversations', 'create', '--name', 'Chess', '--with', bob.handle);
  await bob.done('conversations');
  const backup = await backUpRelay(relay());
  await alice.says('lost by the relay');
  await backup.restore();

  await alice.done('send', 'Chess', 'your move');
  expect(await alice.done('conversations')).toMatchObject({
    conversations: [{ name: 'Chess' }, { name: 'Tea', trouble: 'CURSOR_INVALID' }],
  });
  const { exit, stderr } = await alice.shown('conversations');
  expect([exit, stderr]).toEqual([0, expect.stringMatching(/^Tea cannot be updated\. .+ backup.+\.\n$/)]);
  await alice.done('conversations', 'create', '--name', 'Cards');
  const heard = await bob.run('listen', 'Chess', '--count', '1', '--timeout', '20');
  expect(heard.lines).toMatchObject([{ text: 'your move' }]);
}, 120_000);
