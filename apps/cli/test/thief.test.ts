import { findPlaintext, stolenCopy } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { Home, texts, town } from './town.ts';

const { party } = town();

/** `cp -r` of a home, in someone else's hands. */
async function steal(home: Home): Promise<Home> {
  return new Home(await stolenCopy(home.path), home.handle);
}

test.each(['update', 'policy'])(
  'a copied home reads along, and nothing that comes after the %s',
  async (how) => {
    const [alice, bob] = await party('alice', 'bob');
    await alice.says('before the theft');
    expect(await bob.hears(1)).toEqual(['before the theft']);
    const thief = await steal(bob);
    await alice.says('the thief reads along');
    expect(await thief.hears(1)).toEqual(['the thief reads along']);

    if (how === 'update') await bob.done('update', 'Tea');
    // Nobody asks for it: any command takes in the message, and the policy is due after one.
    else await new Home(bob.path, bob.handle, { QPC_UPDATE_AFTER_MESSAGES: '1' }).done('conversations');
    const secrets = texts('alice after the healing', 5);
    await alice.says(...secrets);

    expect(await bob.hears(6)).toEqual(['the thief reads along', ...secrets]);
    const { stdout, lines } = await thief.run('listen', 'Tea', '--timeout', '1');
    expect(stdout).not.toContain('after the healing');
    expect(lines).toEqual([
      { undecryptable: expect.stringMatching(/^[A-Z_]+$/), conversation: expect.any(String) },
    ]);
    expect(await findPlaintext(thief.path, secrets)).toEqual([]);
    expect(await thief.refused('send', 'Tea', 'as if I were bob')).toEqual({
      exit: 1,
      code: 'CONVERSATION_STUCK',
    });
  },
  120_000,
);
