import type { Person } from '../person.ts';
import { quantile } from '../../core/statistics.ts';
import { EXACT, type Observation, type Prepare } from '../step.ts';
import type { World } from '../world.ts';

/** A live client sends into one conversation: one text after the other, then many at once. */
export const send: Prepare = async (world, { repeat, inTurn, atOnce }) => {
  await world.acquaint('bob');
  const alice = await world.person();
  await alice.ask('open', world.account('alice'));
  const { id } = await alice.ask('create', { members: ['bob'] });
  await alice.ask('connected');
  return [
    {
      name: 'send, one after the other',
      warmUps: 1,
      repeat,
      play: async () => {
        const { each, cpuMs, counts } = await alice.ask('sendInTurn', { id, count: inTurn });
        const figures = {
          'ms per send': quantile(
            each.toSorted((a, b) => a - b),
            0.5,
          ),
          'CPU ms per send': cpuMs / inTurn,
        };
        return [
          {
            what: 'send, one after the other',
            figures,
            counts,
            operations: inTurn,
            tolerance: EXACT,
          },
        ];
      },
    },
    ...atOnce.map((count) => ({
      name: `send ${count} at once`,
      // The largest take long enough to be their own warm-up.
      warmUps: count > 100 ? 0 : 1,
      repeat: count > 100 ? Math.min(repeat, 3) : repeat,
      play: async () => [await sendAtOnce(world, alice, { id, count })],
    })),
  ];
};

async function sendAtOnce(
  world: World,
  alice: Person,
  { id, count }: { id: string; count: number },
): Promise<Observation> {
  const before = await world.relayUsage();
  const { wallMs, cpuMs, counts } = await alice.ask('sendAtOnce', { id, count });
  const after = await world.relayUsage();
  return {
    what: `send ${count} at once`,
    figures: {
      'ms in all': wallMs,
      'CPU ms per send': cpuMs / count,
      'relay CPU ms per send': ((after.cpuSeconds - before.cpuSeconds) * 1_000) / count,
    },
    counts,
    operations: count,
    tolerance: EXACT,
  };
}
