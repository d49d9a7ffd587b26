import { expect, test } from 'vitest';
import { apiReport } from './api-report.ts';

test.each(['index', 'node'])(
  'what %s exports is what api/ lists',
  async (entry) => {
    await expect(`${apiReport(`src/${entry}.ts`)}\n`).toMatchFileSnapshot(`api/${entry}.txt`);
  },
  60_000,
);
