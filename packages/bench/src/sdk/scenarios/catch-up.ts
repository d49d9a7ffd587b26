import type { Prepare, Step } from '../step.ts';
import type { World } from '../world.ts';
import { observed } from './create.ts';
import type { Plan } from '../plan.ts';

/**
 * A client that was closed reads what others wrote meanwhile, with commits in between. Each repetition is another
 * member: nobody can catch up twice.
 */
export const catchUp: Prepare = async (world, { repeat, catchUp: { messages, commits } }) => {
  const readers = Array.from({ length: Math.min(repeat, 3) }, (_, i) => `reader-${i}`);
  for (const reader of readers) await world.acquaint(reader);
  const id = await found(world, readers);
  for (const reader of readers) await join(world, reader, id);
  let next = 0;
  const write: Step = {
    name: `write ${messages} messages and ${commits} commits`,
    warmUps: 0,
    repeat: 1,
    play: async () => {
      await writeAll(world, id, { messages, commits });
      return [];
    },
  };
  const read: Step = {
    name: 'catch up',
    // No warm-up: every reader starts from a process of its own.
    warmUps: 0,
    repeat: readers.length,
    play: async () => {
      const reader = readers[next++] ?? '';
      await using person = await world.person();
      await person.ask('open', world.account(reader, { live: false }));
      const caughtUp = await person.ask('sync');
      await person.ask('close');
      const opened = await person.ask('open', world.account(reader, { live: false }));
      await person.ask('close');
      return [
        observed(`catch up on ${messages} messages and ${commits} commits`, caughtUp),
        observed(`open with ${messages} messages`, opened),
        {
          what: `disk after ${messages} messages`,
          figures: { 'bytes per message': (await world.diskBytes(reader)) / messages },
        },
      ];
    },
  };
  return [write, read];
};

async function found(world: World, readers: string[]): Promise<string> {
  await using alice = await world.person();
  await alice.ask('open', world.account('alice', { live: false }));
  const { id } = await alice.ask('create', { members: readers });
  await alice.ask('close');
  return id;
}

async function join(world: World, reader: string, id: string): Promise<void> {
  await using person = await world.person();
  await person.ask('open', world.account(reader, { live: false }));
  await person.ask('sync');
  await person.ask('meet', { id });
  await person.ask('close');
}

/** The writer heals only here, so that there are as many commits as asked for. */
async function writeAll(world: World, id: string, { messages, commits }: Plan['catchUp']): Promise<void> {
  await using alice = await world.person();
  const update = { afterMessages: messages * 2 };
  await alice.ask('open', world.account('alice', { update }));
  await alice.ask('connected');
  for (let i = 0; i < commits; i++) {
    await alice.ask('sendAtOnce', { id, count: messages / commits });
    await alice.ask('heal', { id });
  }
  await alice.ask('close');
}
