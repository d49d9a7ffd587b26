import { chromiumMissing } from '@quicprochat/testkit';
import type { Scenario } from '../step.ts';
import { account } from './account.ts';
import { catchUp } from './catch-up.ts';
import { create } from './create.ts';
import { send } from './send.ts';
import { latency, sustained } from './talk.ts';

/** Every scenario by the name that `--only` takes, in the order in which they run. */
export const SCENARIOS: Record<string, Scenario> = {
  create: { place: 'node', prepare: create },
  send: { place: 'node', prepare: send },
  sustained: { place: 'node', prepare: sustained },
  latency: { place: 'node', prepare: latency },
  'catch-up': { place: 'node', prepare: catchUp },
  account: { place: 'node', prepare: account },
  'chromium-create': { place: 'chromium', prepare: create },
  'chromium-send': { place: 'chromium', prepare: send },
  'chromium-sustained': { place: 'chromium', prepare: sustained },
};

/**
 * The named scenarios; without names, all of them. Of the quick ones Chromium's are left out: they count the same.
 *
 * @throws RangeError naming what is not a scenario
 */
export function chosen({
  only,
  quick,
}: {
  only?: string | undefined;
  quick?: boolean | undefined;
}): Scenario[] {
  if (only === undefined) {
    const isLeftOut = quick === true || chromiumMissing !== undefined;
    return Object.values(SCENARIOS).filter(({ place }) => place === 'node' || !isLeftOut);
  }
  return only.split(',').map((name) => {
    const scenario = SCENARIOS[name];
    if (scenario !== undefined) return scenario;
    throw new RangeError(`--only: ${name} is none of ${Object.keys(SCENARIOS).join(', ')}`);
  });
}
