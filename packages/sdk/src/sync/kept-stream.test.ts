import { expect, test } from 'vitest';
import { relayError, sdkError } from '../model/errors.ts';
import { KeptStream } from './kept-stream.ts';

/** How long a stream that cannot be opened waits before each new try; jitter is left out. */
async function waitsAfter(error: Error, tries: number): Promise<number[]> {
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
  });
  await stream.run();
  return waits;
}

const DOUBLED = [500, 1_000, 2_000, 4_000, 8_000, 16_000];

test('a stream that cannot be opened is tried every half minute', async () => {
  const waits = await waitsAfter(sdkError('NETWORK', 'The relay is away.'), 9);
  expect(waits).toEqual([...DOUBLED, 30_000, 30_000, 30_000]);
});

test('a relay that speaks another protocol is asked again more and more rarely, every five minutes at last', async () => {
  const options = { retryable: true, details: {} };
  const waits = await waitsAfter(relayError('PROTOCOL_VERSION_MISMATCH', 'It is newer.', options), 12);
  expect(waits).toEqual([...DOUBLED, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]);
});
