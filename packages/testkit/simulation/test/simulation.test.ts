import { readdirSync, readFileSync } from 'node:fs';
import { initialize } from '@quicprochat/core-wasm';
import { beforeAll, expect, test } from 'vitest';
import { scheduleOf, type Schedule } from '../src/schedule.ts';
import { simulate } from '../src/simulate.ts';

/** `pnpm prove simulation` runs a thousand. */
const SEEDS = Array.from({ length: 4 }, (_, n) => n + 1);

/** A busy machine is no fault. Most seeds take 20 seconds at most. */
const TIMEOUT_MS = 300_000;

const FOUND = new URL('../seeds/', import.meta.url);

beforeAll(() => initialize());

test.each(SEEDS)(
  'with seed %i nothing is lost, doubled or stuck, and a second run is the same step by step',
  async (seed) => {
    const first = await simulate(scheduleOf(seed));
    expect(first.violations).toEqual([]);
    expect((await simulate(scheduleOf(seed))).hash).toBe(first.hash);
  },
  TIMEOUT_MS,
);

test.each(readdirSync(FOUND).filter((name) => name.endsWith('.json')))(
  'a schedule that once failed passes: %s',
  async (name) => {
    const schedule = JSON.parse(readFileSync(new URL(name, FOUND), 'utf8')) as Schedule;
    expect((await simulate(schedule)).violations).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'another seed is another run',
  async () => {
    const [one, two] = [await simulate(scheduleOf(1_001)), await simulate(scheduleOf(1_002))];
    expect(one.hash).not.toBe(two.hash);
  },
  TIMEOUT_MS,
);
