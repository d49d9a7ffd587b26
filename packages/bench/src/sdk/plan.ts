/** The sizes of one run. */
export interface Plan {
  /** Repetitions that count; one more warms up. */
  repeat: number;
  /** Sends that are made one after the other. */
  inTurn: number;
  atOnce: readonly number[];
  sustained: { seconds: number; atOnce: number };
  latency: { count: number; everyMs: number };
  catchUp: { messages: number; commits: number };
  /** Conversations that an account grows to, step by step. */
  conversations: readonly number[];
  /** Messages that two tabs send in turn, each half of them. */
  tabMessages: number;
}

export interface Wishes {
  quick?: boolean | undefined;
  conversations?: string | undefined;
}

export const QUICK: Plan = {
  repeat: 2,
  inTurn: 20,
  atOnce: [1, 25, 100],
  sustained: { seconds: 3, atOnce: 32 },
  latency: { count: 20, everyMs: 100 },
  catchUp: { messages: 200, commits: 5 },
  conversations: [20, 80],
  tabMessages: 20,
};

export const FULL: Plan = {
  repeat: 5,
  inTurn: 50,
  atOnce: [1, 25, 100, 400, 1_000],
  sustained: { seconds: 10, atOnce: 32 },
  latency: { count: 100, everyMs: 250 },
  catchUp: { messages: 2_000, commits: 50 },
  conversations: [10, 20, 80, 100, 500, 1_000],
  tabMessages: 40,
};

/** @throws RangeError naming what is not understood */
export function planOf({ quick = false, conversations }: Wishes): Plan {
  const plan = quick ? QUICK : FULL;
  if (conversations === undefined) return plan;
  const sizes = conversations.split(',').map((text) => {
    if (!/^[1-9]\d*$/.test(text))
      throw new RangeError(`--conversations: ${text} is not an integer of at least 1`);
    return Number(text);
  });
  return { ...plan, conversations: [...new Set(sizes)].sort((a, b) => a - b) };
}
