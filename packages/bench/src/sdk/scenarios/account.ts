import type { Person } from '../person.ts';
import { RACING, type Observation, type Prepare, type Step } from '../step.ts';
import { sum } from '../tally.ts';
import type { World } from '../world.ts';
import { observed } from './create.ts';
import { quantile } from '../../core/statistics.ts';
import type { Plan } from '../plan.ts';

/**
 * One account that grows, conversation by conversation, and is measured at each size: opening it, an idle pass, two tabs
 * that send in turn, and the memory of an idle client.
 */
export const account: Prepare = async (world, plan) => {
  await world.acquaint('bob');
  const writer = await world.person();
  await writer.ask('open', world.account('alice', { live: false }));
  await writer.ask('close');
  let talk = '';
  return plan.conversations.flatMap((size): Step[] => {
    const at = `${size} conversations`;
    return [
      {
        name: `grow to ${at}`,
        warmUps: 0,
        repeat: 1,
        play: async () => {
          const [last, grown] = await grow(world, writer, size);
          talk = last;
          return [grown];
        },
      },
      {
        name: `open and pass with ${at}`,
        warmUps: 1,
        repeat: plan.repeat,
        play: async () => {
          const opened = await writer.ask('open', world.account('alice', { live: false }));
          // The first pass may have something to do; the second has nothing.
          await writer.ask('sync');
          const idle = await writer.ask('sync');
          await writer.ask('close');
          return [observed(`open with ${at}`, opened), observed(`idle pass over ${at}`, idle)];
        },
      },
      {
        name: `two tabs with ${at}`,
        warmUps: 0,
        repeat: 1,
        play: () => twoTabs(world, talk, { at, ...plan }),
      },
      {
        name: `memory with ${at}`,
        warmUps: 0,
        repeat: Math.min(plan.repeat, 3),
        play: async () => [await idleMemory(world, at)],
      },
    ];
  });
};

async function grow(world: World, writer: Person, size: number): Promise<[string, Observation]> {
  await writer.ask('open', world.account('alice', { live: false }));
  const count = size - (await writer.ask('conversations'));
  const created = await writer.ask('createMany', { members: ['bob'], count });
  await writer.ask('close');
  // The last tenth: what one costs at about this size.
  const times = created.slice(-Math.ceil(count / 10)).map(({ ms }) => ms);
  const figures = {
    'ms per conversation created': quantile(
      times.toSorted((a, b) => a - b),
      0.5,
    ),
    'bytes on disk per conversation': (await world.diskBytes('alice')) / size,
  };
  return [created.at(-1)?.id ?? '', { what: `grow to ${size} conversations`, figures }];
}

/** Two live clients on one store, in two processes, as two tabs are. Each waits for the other's message to be accepted. */
async function twoTabs(
  world: World,
  id: string,
  { at, repeat, tabMessages }: Plan & { at: string },
): Promise<Observation[]> {
  const tabs = [await world.person(), await world.person()];
  for (const tab of tabs) {
    await tab.ask('open', world.account('alice'));
    await tab.ask('connected');
  }
  const observations: Observation[] = [];
  // The first round warms up.
  for (let round = 0; round <= Math.min(repeat, 3); round++) {
    for (const tab of tabs) await tab.ask('mark');
    const each: number[] = [];
    for (let i = 0; i < tabMessages; i++) {
      const sent = await tabs[i % 2]?.ask('sendOne', { id, text: String(i) });
      each.push(sent ?? 0);
    }
    const costs = [];
    for (const tab of tabs) costs.push(await tab.ask('cost'));
    if (round === 0) continue;
    observations.push({
      what: `two tabs with ${at}`,
      figures: {
        'ms per message': quantile(
          each.toSorted((a, b) => a - b),
          0.5,
        ),
        'CPU ms per message': costs.reduce((total, { cpuMs }) => total + cpuMs, 0) / tabMessages,
      },
      counts: sum(costs.map(({ counts }) => counts)),
      operations: tabMessages,
      tolerance: RACING,
    });
  }
  for (const tab of tabs) {
    await tab.ask('close');
    await tab[Symbol.asyncDispose]();
  }
  return observations;
}

/** In a process of its own, so that it does not count what others left behind. */
async function idleMemory(world: World, at: string): Promise<Observation> {
  await using person = await world.person();
  const before = await person.ask('memory');
  await person.ask('open', world.account('alice'));
  await person.ask('connected');
  const after = await person.ask('memory');
  await person.ask('close');
  const MB = (bytes: number) => bytes / 1e6;
  return {
    what: `idle and live with ${at}`,
    figures: {
      'resident MB': MB(after.rss),
      'resident MB, of which before opening': MB(before.rss),
      'heap MB': MB(after.heap),
    },
  };
}
