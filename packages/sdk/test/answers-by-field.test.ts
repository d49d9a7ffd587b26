import { expect, test, vi } from 'vitest';
import type { Conversation } from '../src/api/conversation.ts';
import { QuicprochatError } from '../src/model/errors.ts';
import { fieldsOf, type Json } from './support/falsified.ts';
import { network, refused } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

vi.setConfig({ testTimeout: 120_000 });

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Alice, whose relay lies to her, and Bob in a conversation; and Carol, who can be added to it. */
async function cast() {
  const net = network();
  const bob = await town.join('bob');
  const carol = await town.join('carol');
  const alice = await town.join('alice', { platform: net.platform });
  const tea = await alice.conversations.create({ name: 'tea', members: [bob.handle] });
  await tea.send('first');
  await bob.sync();
  return { net, alice, bob, carol, tea };
}

type Cast = Awaited<ReturnType<typeof cast>>;

/** What was said, by text: whether the sender was told that it arrived. */
const said = new Map<string, boolean>();

async function say(conversation: Conversation): Promise<void> {
  const text = `text ${said.size}`;
  said.set(text, false);
  await conversation.send(text);
  said.set(text, true);
}

/** Has Alice sign in again. */
async function signIn({ net, alice }: Cast): Promise<void> {
  net.failNext('inbox.read', () => refused('UNAUTHENTICATED', 401));
  await alice.sync().finally(() => net.fail(() => undefined));
}

async function addAndRemove({ tea, carol }: Cast): Promise<void> {
  await tea.members.add([carol.handle]);
  await tea.members.remove([carol.handle]);
}

async function readSomething({ alice, bob, tea }: Cast): Promise<void> {
  await say(same(bob, tea));
  await alice.sync();
}

async function beInvited({ alice, bob }: Cast): Promise<void> {
  await bob.conversations.create({ members: [alice.handle] });
  await alice.sync();
}

/** What has Alice call a procedure, whose answer has something in it. */
const CALLS: Record<string, (cast: Cast) => Promise<unknown>> = {
  'auth.challenge': signIn,
  'auth.login': signIn,
  'groups.commit': ({ tea }) => tea.heal(),
  'groups.create': ({ alice }) => alice.conversations.create({ members: [] }),
  'groups.heads': readSomething,
  'groups.post': ({ tea }) => say(tea),
  'groups.read': readSomething,
  'inbox.read': beInvited,
  'keyPackages.claim': addAndRemove,
  'keyPackages.status': ({ alice }) => alice.sync(),
};

/** Says something from either side. All that was said must have arrived once; what failed, once at most. */
async function goesOn({ alice, bob, tea }: Cast): Promise<void> {
  await alice.sync();
  await say(tea);
  await bob.sync();
  await say(same(bob, tea));
  await alice.sync();
  for (const view of [tea, same(bob, tea)]) {
    const shown = await textsOf(view);
    for (const [text, hasArrived] of said) {
      const times = shown.filter((one) => one === text).length;
      expect(hasArrived ? times === 1 : times <= 1, `“${text}” is there ${times} times`).toBe(true);
    }
  }
}

/** Nothing tells a new member where the log begins for it but the relay: see the test below. */
const UNCHECKED = 'entries.0.groupSequence';

/** The calls without anything in their answers, and those that other tests and the simulation lie about. */
const OTHERS = ['account.register', 'inbox.acknowledge', 'keyPackages.publish', 'receipts.key'];

test.each(Object.keys(CALLS))(
  'a false answer to %s costs an error at most, whatever field is false',
  async (procedure) => {
    said.clear();
    const everyone = await cast();
    const { net } = everyone;
    const call = CALLS[procedure]!;
    let truth: Json | undefined;
    net.lie(procedure, (data: Json) => (truth ??= data));
    await call(everyone);
    const fields = fieldsOf(truth ?? null).filter(({ path }) => path !== UNCHECKED);
    expect(fields.length).toBeGreaterThan(0);
    for (const { path, falsified } of fields) {
      let lies = 0;
      for (const { what, apply } of falsified) {
        let hasLied = false;
        net.lie(procedure, (data: Json) => {
          if (hasLied) return data;
          const told = apply(data);
          // Zero in the place of zero is no lie.
          hasLied = JSON.stringify(told) !== JSON.stringify(data);
          if (hasLied) lies += 1;
          return told;
        });
        const error: unknown = await call(everyone).then(
          () => undefined,
          (error: unknown) => error,
        );
        net.mend();
        if (error !== undefined) expect(error, `${path} ${what}`).toBeInstanceOf(QuicprochatError);
      }
      expect(lies, `${path} was false`).toBeGreaterThan(0);
      await goesOn(everyone).catch((error: unknown) => {
        throw new Error(`It does not go on after ${path} was false.`, { cause: error });
      });
    }
    const known = [...Object.keys(CALLS), ...OTHERS];
    expect(net.calls.filter((called) => !known.includes(called))).toEqual([]);
  },
);

test('a false place in the log keeps a new member out of that conversation alone, until it has left and is added again', async () => {
  said.clear();
  const everyone = await cast();
  const { net, alice, bob } = everyone;
  net.lie('inbox.read', ({ entries, ...page }: { entries: object[] }) => ({
    ...page,
    entries: entries.map((entry) => ({ ...entry, groupSequence: 1_000 })),
  }));
  const milk = await bob.conversations.create({ name: 'milk', members: [alice.handle] });
  await expect(alice.sync()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  net.mend();
  const here = same(alice, milk);
  expect(here.trouble).toMatchObject({ code: 'CURSOR_INVALID' });
  await here.leave();
  await goesOn(everyone);
  await milk.members.remove([alice.handle]);
  await milk.members.add([alice.handle]);
  await milk.send('welcome back');
  await alice.sync();
  expect(await textsOf(here)).toEqual(['welcome back']);
});
