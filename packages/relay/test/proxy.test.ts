import { expect, test } from 'vitest';
import { startRelay } from './support/relay.ts';

/** How a sign-in ended that says it came from an address, at a relay which gives each address three a minute. */
function outcomesFrom(trustedProxies: string[], addresses: string[]) {
  return async () => {
    const relay = await startRelay({ rateFactor: 0.0025, trustedProxies, instances: 1 });
    try {
      const outcomes: number[] = [];
      for (const address of addresses) {
        const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
        const init = { method: 'POST', headers, body: '{}' };
        outcomes.push((await fetch(`${relay.url}/trpc/auth.challenge`, init)).status);
      }
      return outcomes;
    } finally {
      await relay.close();
    }
  };
}

const SEVERAL = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];

test('RLY-90 behind a trusted proxy each caller has limits of its own', async () => {
  expect(await outcomesFrom(['127.0.0.1'], SEVERAL)()).toEqual([200, 200, 200, 200]);
  expect(
    await outcomesFrom(
      ['127.0.0.0/8'],
      SEVERAL.map(() => '192.0.2.1'),
    )(),
  ).toEqual([200, 200, 200, 429]);
});

test('RLY-90 who is no trusted proxy cannot choose an address', async () => {
  expect(await outcomesFrom([], SEVERAL)()).toEqual([200, 200, 200, 429]);
  expect(await outcomesFrom(['192.0.2.9'], SEVERAL)()).toEqual([200, 200, 200, 429]);
});

test('RLY-90 nor can a caller of the proxy, by a header of its own to which the proxy adds', async () => {
  const forged = SEVERAL.map((address) => `${address}, 198.51.100.7`);
  expect(await outcomesFrom(['127.0.0.1'], forged)()).toEqual([200, 200, 200, 429]);
});
