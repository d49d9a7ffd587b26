import type { Arrival } from '../acts.ts';
import { quantile } from '../../core/statistics.ts';
import type { Person } from '../person.ts';
import { EXACT, type Observation, type Prepare } from '../step.ts';
import type { Counts } from '../tally.ts';
import type { World } from '../world.ts';
import type { Plan } from '../plan.ts';

interface Pair {
  alice: Person;
  bob: Person;
  id: string;
}

/** Two live clients: how many texts one can send to the other, and how long a text takes from one to the other. */
export const sustained: Prepare = async (world, plan) => {
  const pair = await pairIn(world);
  return [
    {
      name: 'send for a while',
      warmUps: 0,
      repeat: Math.min(plan.repeat, 3),
      play: async () => [await sendForAWhile(world, pair, plan.sustained)],
    },
  ];
};

export const latency: Prepare = async (world, plan) => {
  const pair = await pairIn(world);
  return [
    {
      name: 'from sending to receiving',
      warmUps: 0,
      repeat: Math.min(plan.repeat, 3),
      play: async () => [await sendCalmly(pair, plan.latency)],
    },
  ];
};

async function pairIn(world: World): Promise<Pair> {
  const [alice, bob] = [await world.person(), await world.person()];
  await bob.ask('open', world.account('bob'));
  await alice.ask('open', world.account('alice'));
  const { id } = await alice.ask('create', { members: ['bob'] });
  await bob.ask('meet', { id });
  await alice.ask('connected');
  await bob.ask('connected');
  return { alice, bob, id };
}

async function sendForAWhile(
  world: World,
  { alice, bob, id }: Pair,
  { seconds, atOnce }: Plan['sustained'],
): Promise<Observation> {
  await bob.ask('listen', { id });
  await bob.ask('mark');
  const before = await world.relayUsage();
  const { sent, wallMs, cpuMs, counts } = await alice.ask('sendFor', { id, seconds, atOnce });
  const arrivals = await bob.ask('heard', { texts: sent });
  requireOrder(arrivals, sent);
  const received = await bob.ask('cost');
  const after = await world.relayUsage();
  return {
    what: 'send for a while',
    figures: {
      'sends per second': sent / (wallMs / 1_000),
      'CPU ms per send': cpuMs / sent,
      'receiver’s CPU ms per send': received.cpuMs / sent,
      'relay CPU ms per send': ((after.cpuSeconds - before.cpuSeconds) * 1_000) / sent,
      'heals per 1,000 sends': (arrivals.filter(({ type }) => type === 'healed').length * 1_000) / sent,
    },
    counts: peopleCounts({ sender: counts, receiver: received.counts }),
    operations: sent,
  };
}

async function sendCalmly(
  { alice, bob, id }: Pair,
  { count, everyMs }: Plan['latency'],
): Promise<Observation> {
  await bob.ask('listen', { id });
  await alice.ask('mark');
  await bob.ask('mark');
  const sentAtMs = await alice.ask('sendEvery', { id, everyMs, count });
  const arrivals = await bob.ask('heard', { texts: count });
  requireOrder(arrivals, count);
  const waits = textsOf(arrivals)
    .map(({ atMs }, i) => atMs - (sentAtMs[i] ?? 0))
    .sort((a, b) => a - b);
  const [sender, receiver] = [await alice.ask('cost'), await bob.ask('cost')];
  return {
    what: 'from sending to receiving',
    figures: {
      'median ms': quantile(waits, 0.5),
      'p95 ms': quantile(waits, 0.95),
      'sender’s CPU ms': sender.cpuMs / count,
      'receiver’s CPU ms': receiver.cpuMs / count,
    },
    counts: peopleCounts({ sender: sender.counts, receiver: receiver.counts }),
    operations: count,
    tolerance: EXACT,
  };
}

/** The counts of each, by whose they are: `sender’s store commits`. */
function peopleCounts(people: Record<string, Counts>): Counts {
  const named = Object.entries(people).flatMap(([who, counts]) =>
    Object.entries(counts).map(([name, count]) => [`${who}’s ${name}`, count]),
  );
  return Object.fromEntries(named) as Counts;
}

const textsOf = (arrivals: readonly Arrival[]): Arrival[] =>
  arrivals.filter(({ type, own }) => type === 'text' && !own);

/** Nothing may be missing, doubled or out of order: a fast client that loses messages is not measured. */
export function requireOrder(arrivals: readonly Arrival[], sent: number): void {
  const texts = textsOf(arrivals).map(({ text }) => text);
  const wrong = texts.findIndex((text, i) => text !== String(i));
  if (wrong >= 0) throw new Error(`message ${texts[wrong] ?? ''} arrived in place ${wrong}`);
  if (texts.length !== sent) throw new Error(`${texts.length} of ${sent} messages arrived`);
}
