import { chromiumMissing, isHere } from '@quicprochat/testkit';
import { beforeAll, expect, test } from 'vitest';
import { current, CURRENT, type Contender } from './contender.ts';
import { grownCounts, heldCounts } from './gate.ts';
import type { Plan } from './plan.ts';
import { summarized } from './results.ts';
import { play } from './run.ts';
import { SCENARIOS } from './scenarios/all.ts';

const TINY: Plan = {
  repeat: 1,
  inTurn: 2,
  atOnce: [3],
  sustained: { seconds: 0.2, atOnce: 2 },
  latency: { count: 2, everyMs: 10 },
  catchUp: { messages: 4, commits: 2 },
  conversations: [2],
  tabMessages: 4,
};

const hasBrowser = isHere(chromiumMissing);
let contender: Contender;
beforeAll(async () => {
  contender = await current();
}, 180_000);

/** Every operation that a scenario measures has to be there, with counts that cannot be 0. */
const OPERATIONS: [name: string, counts: Record<string, string[]>][] = [
  [
    'create',
    {
      'create an account': ['store commits', 'rows written', 'bytes written', 'relay calls', 'bytes sent'],
      'create a conversation': ['store commits', 'worker calls', 'relay call groups.create'],
      open: ['rows read', 'bytes read', 'worker calls'],
    },
  ],
  [
    'send',
    {
      'send, one after the other': ['store commits', 'relay call groups.post', 'bytes received'],
      'send 3 at once': ['store commits', 'rows written', 'worker call group.encrypt'],
    },
  ],
  ['sustained', { 'send for a while': ['sender’s store commits', 'receiver’s rows written'] }],
  ['latency', { 'from sending to receiving': ['sender’s bytes sent', 'receiver’s bytes received'] }],
  [
    'catch-up',
    {
      'catch up on 4 messages and 2 commits': ['rows written', 'relay call groups.read', 'bytes received'],
      'open with 4 messages': ['rows read'],
    },
  ],
  [
    'chromium-create',
    {
      'Chromium: create an account': ['store commits', 'relay calls', 'relay call account.register'],
      'Chromium: create a conversation': ['rows written', 'worker calls'],
      'Chromium: open': ['rows read'],
    },
  ],
  [
    'chromium-send',
    {
      'Chromium: send, one after the other': ['store commits', 'relay call groups.post'],
      'Chromium: send 3 at once': ['store commits', 'worker call group.encrypt'],
    },
  ],
  [
    'chromium-sustained',
    { 'Chromium: send for a while': ['sender’s store commits', 'receiver’s rows written'] },
  ],
  [
    'account',
    {
      'open with 2 conversations': ['rows read', 'worker calls'],
      'idle pass over 2 conversations': ['relay calls'],
      'two tabs with 2 conversations': ['store commits', 'relay calls', 'rows read'],
    },
  ],
];

test('every scenario is in the table of this test', () => {
  expect(OPERATIONS.map(([name]) => name).sort()).toEqual(Object.keys(SCENARIOS).sort());
});

test.each(OPERATIONS.filter(([name]) => hasBrowser || SCENARIOS[name]?.place !== 'chromium'))(
  'the scenario %s counts what its operations cost, and a count that grew fails the gate',
  async (name, operations) => {
    const { counts } = summarized(await play(SCENARIOS[name]!, [contender], TINY));
    expect(counts.map(({ what }) => what)).toEqual(Object.keys(operations));
    for (const [what, names] of Object.entries(operations)) {
      const found = counts.find((row) => row.what === what && row.contender === CURRENT)?.counts;
      for (const each of names) expect.soft(found?.[each], `${what}, ${each}`).toBeGreaterThan(0);
    }
    const baseline = heldCounts(counts);
    expect(grownCounts(counts, baseline)).toEqual([]);
    const halved = Object.fromEntries(Object.entries(baseline).map(([key, value]) => [key, value / 4 - 200]));
    expect(grownCounts(counts, halved)).toHaveLength(Object.keys(baseline).length);
  },
  120_000,
);
