import { expect, test } from 'vitest';
import type { Arrival } from '../acts.ts';
import { requireOrder } from './talk.ts';

const text = (value: string): Arrival => ({ text: value, type: 'text', own: false, atMs: 0 });
const healed: Arrival = { text: '', type: 'healed', own: false, atMs: 0 };

test('heals between the messages are no fault', () => {
  expect(() => requireOrder([text('0'), healed, text('1')], 2)).not.toThrow();
});

test('a message that is missing, doubled or out of order ends the run', () => {
  expect(() => requireOrder([text('0')], 2)).toThrow('1 of 2 messages arrived');
  expect(() => requireOrder([text('0'), text('0')], 2)).toThrow('message 0 arrived in place 1');
  expect(() => requireOrder([text('1'), text('0')], 2)).toThrow('message 1 arrived in place 0');
});
