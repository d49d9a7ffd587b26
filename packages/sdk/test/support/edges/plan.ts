import type { Rng } from '@quicprochat/testkit';
import type { Order } from './driver.ts';

/** Who does something: the device whose tabs die, one of its two friends, or the guest who comes and goes. */
export type Who = 'device' | 'friend' | 'other friend' | 'guest';

/** Numbers are drawn large, and taken modulo what there is then. */
export type Step = { pauseMs: number } & (
  | { event: 'order'; kind: Order['kind']; who: Who; tab: number; conversation: number; size: number }
  | { event: 'kill tab'; tab: number; how: 'close' | 'crash' }
  | { event: 'freeze tab'; tab: number }
  | { event: 'open tab' | 'thaw tabs' | 'go offline' | 'go online' | 'restart relay' }
  | { event: 'kill all'; isFollowed: boolean }
);

type Fault = 'kill tab' | 'freeze tab' | 'go offline' | 'restart relay';

/** How often each is drawn, in relation to the others. */
const ORDERS: readonly (readonly [Order['kind'], number])[] = [
  ['send', 50],
  ['read', 15],
  ['cancel', 8],
  ['heal', 7],
  ['add', 5],
  ['remove', 4],
  ['create', 2],
  ['leave', 2],
];

const FAULTS: readonly Fault[] = ['kill tab', 'freeze tab', 'go offline', 'restart relay'];
const LARGE = 2 ** 20;

export interface PlanOptions {
  operations: number;
  /** How likely each fault is before an operation. */
  faults: Partial<Record<Fault, number>>;
  /** How often all tabs are killed at once, at moments that are spread over the operations. */
  kills: number;
}

/** Draws what happens. The same numbers give the same plan; what a tab is doing then is left to chance. */
export function drawPlan(rng: Rng, { operations, faults, kills }: PlanOptions): Step[] {
  const plan: Step[] = [];
  /** Steps that come after so many more operations. */
  let later: { after: number; step: Step }[] = [];
  let killed = 0;
  for (let done = 0; done < operations; done += 1) {
    for (const { step } of later.filter(({ after }) => after <= done)) plan.push(step);
    later = later.filter(({ after }) => after > done);
    for (const fault of FAULTS) {
      if (!rng.chance(faults[fault] ?? 0)) continue;
      const { step, end } = drawFault(rng, fault);
      plan.push(step);
      if (end !== undefined) later.push({ after: done + 1 + rng.below(30), step: end });
    }
    plan.push(drawOrder(rng));
    // One kill in three comes while the tabs are opening after another one.
    const due = Math.floor(((done + 1) * kills) / operations);
    if (killed < due) {
      const isFollowed = killed + 1 < kills && rng.chance(0.5);
      plan.push({ event: 'kill all', isFollowed, pauseMs: rng.below(300) });
      if (isFollowed) plan.push({ event: 'kill all', isFollowed: false, pauseMs: rng.below(3_000) });
      killed += isFollowed ? 2 : 1;
    }
  }
  return plan;
}

function drawOrder(rng: Rng): Step {
  const kind = drawKind(rng);
  const who = rng.chance(0.7) ? 'device' : rng.pick<Who>(['friend', 'other friend', 'guest']);
  return {
    event: 'order',
    kind,
    who,
    tab: rng.below(LARGE),
    conversation: rng.below(LARGE),
    // One send in ten is of many at once.
    size: rng.chance(0.1) ? 2 + rng.below(12) : 1,
    pauseMs: rng.below(80),
  };
}

function drawKind(rng: Rng): Order['kind'] {
  let left = rng.below(ORDERS.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [kind, weight] of ORDERS) {
    if (left < weight) return kind;
    left -= weight;
  }
  return 'send';
}

function drawFault(rng: Rng, event: Fault): { step: Step; end?: Step } {
  const pauseMs = rng.below(80);
  const tab = rng.below(LARGE);
  if (event === 'kill tab') {
    const how = rng.pick(['close', 'crash'] as const);
    return { step: { event, tab, how, pauseMs }, end: { event: 'open tab', pauseMs } };
  }
  if (event === 'freeze tab') return { step: { event, tab, pauseMs }, end: { event: 'thaw tabs', pauseMs } };
  if (event === 'go offline') return { step: { event, pauseMs }, end: { event: 'go online', pauseMs } };
  return { step: { event, pauseMs } };
}
