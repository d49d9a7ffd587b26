import { expect, test } from 'vitest';
import { planOf, QUICK } from './plan.ts';
import { chosen, SCENARIOS } from './scenarios/all.ts';

test('sizes of the account are sorted, and doubled ones are taken once', () => {
  expect(planOf({ quick: true, conversations: '80,20,80' })).toEqual({ ...QUICK, conversations: [20, 80] });
  expect(planOf({ conversations: '7' }).conversations).toEqual([7]);
});

test('what is not understood is named', () => {
  expect(() => planOf({ conversations: '20,0' })).toThrow(
    '--conversations: 0 is not an integer of at least 1',
  );
  expect(() => planOf({ conversations: 'all' })).toThrow('all is not an integer');
  expect(() => chosen({ only: 'send,receive' })).toThrow('--only: receive is none of create, send');
});

test('a choice is played in its order; without one everything is, of the quick ones only in Node', () => {
  expect(chosen({ only: 'latency,create' })).toEqual([SCENARIOS['latency'], SCENARIOS['create']]);
  expect(chosen({ quick: true }).every(({ place }) => place === 'node')).toBe(true);
  expect(chosen({ quick: true })).toHaveLength(6);
});

test('the messages of a catch-up are divided evenly among its commits', () => {
  for (const { messages, commits } of [planOf({}).catchUp, planOf({ quick: true }).catchUp])
    expect(messages % commits).toBe(0);
});
