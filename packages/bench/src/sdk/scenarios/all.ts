import type { Scenario } from '../step.ts';
import { account } from './account.ts';
import { catchUp } from './catch-up.ts';
import { create } from './create.ts';
import { send } from './send.ts';
import { latency, sustained } from './talk.ts';

/** Every scenario by the name that `--only` takes, in the order in which they run. */
export const SCENARIOS: Record<string, Scenario> = {
  create,
  send,
  sustained,
  latency,
  'catch-up': catchUp,
  account,
};

/** @throws RangeError naming what is not a scenario */
export function chosen(only: string | undefined): Scenario[] {
  const names = only?.split(',') ?? Object.keys(SCENARIOS);
  return names.map((name) => {
    const scenario = SCENARIOS[name];
    if (scenario === undefined)
      throw new RangeError(`--only: ${name} is none of ${Object.keys(SCENARIOS).join(', ')}`);
    return scenario;
  });
}
