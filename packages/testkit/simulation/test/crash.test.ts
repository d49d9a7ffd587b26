import { initialize } from '@quicprochat/core-wasm';
import { beforeAll, expect, test } from 'vitest';
import { crash, OPERATIONS, type OperationName } from '../src/crash.ts';

/** Every how many crash points one is tried. `pnpm prove crashes` tries them all, and pairs. */
const EVERY = 8;

beforeAll(() => initialize());

test.each(Object.keys(OPERATIONS) as OperationName[])(
  'a tab that dies in the middle of “%s” loses nothing, doubles nothing and is not stuck',
  async (name) => {
    const { events, violations } = await crash(name, []);
    expect(violations).toEqual([]);
    expect(events).toBeGreaterThan(EVERY);
    for (let point = 1; point <= events; point += EVERY)
      expect({ point, ...(await crash(name, [point])) }).toMatchObject({ point, violations: [] });
  },
  240_000,
);

test('a tab that dies twice loses nothing, doubles nothing and is not stuck', async () => {
  expect((await crash('send', [9, 20])).violations).toEqual([]);
  expect((await crash('update', [9, 20])).violations).toEqual([]);
}, 60_000);
