import { expect, test } from 'vitest';
import { relayError, sdkError } from '../model/errors.ts';
import { KeptStream } from './kept-stream.ts';

/** How long a stream that cannot be opened waits before each new try; jitter is left out. */
async function waitsAfter(error: Error, tries: number, isAwaited = false): Promise<number[]> {
  const waits: number[] = [];
  const closing = new AbortController();
  const platform = {
    clock: { now: () => 0 },
    random: { bytes: (length: number) => new Uint8Array(length), fraction: () => 0.5 },
    connectivity: { onChange: () => () => undefined },
    timers: {
      sleep: async (ms: number) => {
        if (waits.push(ms) === tries) closing.abort();
      },
    },
  };
  const stream = new KeptStream({
    platform,
    closing: closing.signal,
    followOnce: () => Promise.reject(error),
    onChange: () => undefined,
    isAwaited: () => isAwaited,
  });
  await stream.run();
  return waits;
}

const AWAY = sdkError('NETWORK', 'The relay is away. Try again.', { details: { reason: 'gateway' } });

const DOUBLED = [500, 1_000, 2_000, 4_000, 8_000, 16_000];

test('a stream that cannot be opened is tried every half minute', async () => {
  const waits = await waitsAfter(AWAY, 9);
  expect(waits).toEqual([...DOUBLED, 30_000, 30_000, 30_000]);
});

test('a stream that cannot be opened is tried every few seconds while somebody waits for it', async () => {
  const waits = await waitsAfter(AWAY, 6, true);
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
});

test('whoever waits does not have a relay asked more often that speaks another protocol, or is overloaded', async () => {
  const outdated = relayError('PROTOCOL_VERSION_MISMATCH', 'It is newer.', { retryable: true, details: {} });
  expect(await waitsAfter(outdated, 7, true)).toEqual([...DOUBLED, 32_000]);
  const told = { retryable: true, details: { retryAfterMs: 20_000 } };
  const limited = relayError('RATE_LIMITED', 'Too often.', told);
  expect(await waitsAfter(limited, 2, true)).toEqual([20_500, 21_000]);
});

test('a relay that speaks another protocol is asked again more and more rarely, every five minutes at last', async () => {
  const options = { retryable: true, details: {} };
  const waits = await waitsAfter(relayError('PROTOCOL_VERSION_MISMATCH', 'It is newer.', options), 12);
  expect(waits).toEqual([...DOUBLED, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]);
});
