import { expect, test } from 'vitest';
import { answerBrokeOff } from '../transport/bounded-fetch.ts';
import { sdkError } from '../model/errors.ts';
import { PageSize } from './page-size.ts';

/** What is asked for, one page after the other, on a link that carries so many entries before it breaks. */
async function asked(pages: number, link: () => number, failure = answerBrokeOff(undefined)) {
  const size = new PageSize();
  const sizes: number[] = [];
  for (let page = 0; page < pages; page++) {
    const read = size.read(async (entries) => {
      sizes.push(entries);
      if (entries > link()) throw failure;
    });
    await read.catch(() => undefined);
  }
  return sizes;
}

test('asks for half as much after each page that breaks off, and for one entry at least', async () => {
  expect(await asked(9, () => 0)).toEqual([100, 50, 25, 12, 6, 3, 1, 1, 1]);
});

test('asks for more again when pages come through', async () => {
  let capacity = 30;
  const sizes = await asked(6, () => (capacity += 15));
  expect(sizes).toEqual([100, 50, 100, 50, 100, 100]);
});

test('asks for as much as before if nothing had begun to arrive', async () => {
  const away = sdkError('NETWORK', 'The relay cannot be reached. Check your connection and try again.', {
    details: { reason: 'unreachable' },
  });
  expect(await asked(3, () => 0, away)).toEqual([100, 100, 100]);
});
