import { platform } from '#platform';
import { expect, test } from 'vitest';
import type { Conversation } from '../src/api/conversation.ts';
import { QuicprochatError } from '../src/model/errors.ts';
import type { Platform } from '../src/platform/platform.ts';
import { ANSWER_SILENCE_MS } from '../src/transport/bounds.ts';
import { people, same } from './support/people.ts';

/** All of them call from one address. */
const town = people({ QPC_RATE_FACTOR: '1000' });

/** `pnpm prove converge` has more of both. */
const MEMBERS = Number(process.env['QPC_MEMBERS'] ?? 20);
const STORMS = Number(process.env['QPC_STORMS'] ?? 2);
const TIMEOUT_MS = 60_000 + STORMS * MEMBERS * 10_000;

test(
  `${MEMBERS} members heal at once, ${STORMS} times: every one of them does, no epoch is left out, and all are in the same one`,
  async () => {
    const members = await Promise.all(Array.from({ length: MEMBERS }, () => town.join('member')));
    await Promise.all(members.map((member) => member.sync()));
    const [first = expect.unreachable(), ...others] = members;
    const { id, epoch } = await first.conversations.create({ members: others.map(({ handle }) => handle) });
    await Promise.all(members.map((member) => member.sync()));
    const views = members.map((member) => member.conversations.find(id));

    for (let storm = 0; storm < STORMS; storm += 1) {
      const reached = await Promise.all(views.map(healed));
      const start = epoch + storm * MEMBERS;
      expect(reached.toSorted((a, b) => a - b)).toEqual(views.map((_, i) => start + 1 + i));
      await Promise.all(members.map((member) => member.sync()));
      expect(new Set(views.map((view) => view.epoch))).toEqual(new Set([start + MEMBERS]));
      expect(new Set(views.map((view) => view.security.epochAuthenticator)).size).toBe(1);
    }
  },
  TIMEOUT_MS,
);

/** The epoch that a member healed in. Who loses twenty races is told so, and begins again. */
async function healed(view: Conversation): Promise<number> {
  for (;;) {
    try {
      return (await view.heal()).epoch;
    } catch (error) {
      if (!(error instanceof QuicprochatError) || error.code !== 'COMMIT_CONTENTION') throw error;
    }
  }
}

test.each([false, true])(
  'whose commits lose every time is told so, has changed nothing, and gets through later (live: %s)',
  async (live) => {
    let before: (() => Promise<unknown>) | undefined;
    const fetch: Platform['net']['fetch'] = async (input, init) => {
      const request = new Request(input, init);
      if (request.url.includes('groups.commit')) await before?.();
      return platform.net.fetch(request);
    };
    const [bob, carol] = [await town.join('bob'), await town.join('carol')];
    const timers: Platform['timers'] = {
      ...platform.timers,
      sleep: (ms, signal) => platform.timers.sleep(ms < ANSWER_SILENCE_MS ? ms / 20 : ms, signal),
    };
    const own = { ...platform, timers, net: { ...platform.net, fetch } };
    const alice = await town.join('alice', { platform: own, live });
    for (const client of [bob, carol]) await client.sync();
    const tea = await alice.conversations.create({ members: [bob.handle] });
    await bob.sync();

    before = () => same(bob, tea).heal();
    await expect(tea.heal()).rejects.toMatchObject({ code: 'COMMIT_CONTENTION', retryable: true });
    await expect(tea.members.add([carol.handle])).rejects.toMatchObject({ code: 'COMMIT_CONTENTION' });
    await alice.sync();
    expect(tea.security).toMatchObject({
      epoch: same(bob, tea).epoch,
      epochAuthenticator: same(bob, tea).security.epochAuthenticator,
    });
    expect(tea.members.list()).toHaveLength(2);

    before = undefined;
    await tea.members.add([carol.handle]);
    await carol.sync();
    expect(same(carol, tea).epoch).toBe(tea.epoch);
  },
);
