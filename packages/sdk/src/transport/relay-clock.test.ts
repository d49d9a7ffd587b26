import { expect, test } from 'vitest';
import { RelayClock } from './relay-clock.ts';

const HOUR_MS = 60 * 60 * 1_000;
const RELAY_MS = Date.UTC(2026, 5, 1);

function clockAt(aheadMs: number) {
  return new RelayClock({ now: () => RELAY_MS + aheadMs });
}

test('shows the device’s time until the relay tells its own, and the relay’s afterwards', () => {
  const clock = clockAt(36 * HOUR_MS);
  expect(clock.now()).toBe(RELAY_MS + 36 * HOUR_MS);
  clock.correct(RELAY_MS);
  expect(clock.now()).toBe(RELAY_MS);
});

test.each([48, -48])('corrects a clock that is %d hours off', (hours) => {
  const clock = clockAt(hours * HOUR_MS);
  clock.correct(RELAY_MS);
  expect(clock.now()).toBe(RELAY_MS);
});

test.each([
  [48 * HOUR_MS + 1, '48 hours ahead of'],
  [72 * HOUR_MS, '72 hours ahead of'],
  [-72 * HOUR_MS, '72 hours behind'],
  [-20_000 * 24 * HOUR_MS, '20000 days behind'],
])('does not correct a clock that is %d ms off, and says by how much it differs', (aheadMs, difference) => {
  const clock = clockAt(aheadMs);
  expect(() => clock.correct(RELAY_MS)).toThrow(
    expect.objectContaining({
      code: 'CLOCK_SKEW',
      retryable: true,
      message: `This device’s clock is ${difference} the relay’s. Set the clock, then try again.`,
      details: { relayTimeMs: RELAY_MS, aheadMs },
    }),
  );
  expect(clock.now()).toBe(RELAY_MS + aheadMs);
});

test.each([undefined, null, 'noon', Number.NaN, Infinity])('refuses %s as a time', (told) => {
  const clock = clockAt(HOUR_MS);
  expect(() => clock.correct(told)).toThrow(expect.objectContaining({ code: 'RELAY_MISBEHAVED' }));
  expect(clock.now()).toBe(RELAY_MS + HOUR_MS);
});

test('keeps the error until the relay tells a time that is believed, and tells listeners of both', () => {
  let aheadMs = 72 * HOUR_MS;
  let changes = 0;
  const clock = new RelayClock({ now: () => RELAY_MS + aheadMs });
  clock.onErrorChange(() => changes++);
  for (let times = 0; times < 2; times++) expect(() => clock.correct(RELAY_MS)).toThrow();
  expect([clock.error?.code, changes]).toEqual(['CLOCK_SKEW', 1]);
  aheadMs = 0;
  clock.correct(RELAY_MS);
  expect([clock.error, changes]).toEqual([undefined, 2]);
});
