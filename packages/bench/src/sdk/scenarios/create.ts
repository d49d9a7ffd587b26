import type { Measured } from '../acts.ts';
import { EXACT, type Observation, type Prepare } from '../step.ts';

/** A new account, its first conversation, and opening the store again. */
export const create: Prepare = async (world, { repeat }) => {
  await world.acquaint('bob');
  const alice = await world.person();
  let accounts = 0;
  return [
    {
      name: 'create',
      warmUps: 1,
      repeat,
      play: async () => {
        const account = world.account(`alice-${accounts++}`, { live: false });
        const registered = await alice.ask('open', account);
        const created = await alice.ask('create', { members: ['bob'] });
        await alice.ask('close');
        const opened = await alice.ask('open', account);
        await alice.ask('close');
        return [
          observed('create an account', registered),
          observed('create a conversation', created),
          observed('open', opened),
        ];
      },
    },
  ];
};

/** One operation, as it was measured. */
export function observed(what: string, { wallMs, cpuMs, counts }: Measured): Observation {
  return {
    what,
    figures: { ms: wallMs, 'CPU ms': cpuMs },
    counts,
    operations: 1,
    tolerance: EXACT,
  };
}
