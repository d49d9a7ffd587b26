import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { network, reset } from './support/network.ts';
import { people } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

test.each([true, false])(
  'closing a client ends every call that waits for the relay, and says that its change stays queued (live: %s)',
  async (live) => {
    const net = network();
    const bob = await town.join('bob', { live: false });
    const alice = await town.join('alice', { live, platform: net.platform });
    const tea = await alice.conversations.create({ members: [bob.handle] });
    const pie = await alice.conversations.create({ members: [bob.handle] });
    net.fail(reset);
    const calls: Promise<unknown>[] = [
      tea.send('tea?'),
      tea.rename('Tea'),
      tea.members.remove([bob.handle]),
      tea.heal(),
      pie.leave(),
    ];
    const waits = () => tea.waiting.length + pie.waiting.length === calls.length;
    await eventually('all calls wait', waits);
    const outcomes = Promise.allSettled([...calls, tea.settle({}), pie.settle({})]);
    // Long enough for the first tries to be over: what waits then waits for the next one.
    await sleep(1_000);
    await alice.close();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ reason: { code: 'CLOSED', details: { queued: true } } });
  },
);
