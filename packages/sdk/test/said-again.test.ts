import { platform } from '#platform';
import { expect, test } from 'vitest';
import type { Platform } from '../src/platform/platform.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Request } from '../src/worker/protocol.ts';
import { people, same } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** A member whose program marks all it says as said again. */
function repeating(): Platform {
  const again = (bytes: Uint8Array) => {
    const payload = JSON.parse(new TextDecoder().decode(bytes)) as object;
    return new TextEncoder().encode(JSON.stringify({ ...payload, again: true }));
  };
  const spawnWorker: Platform['spawnWorker'] = () => {
    const port = platform.spawnWorker();
    return {
      ...port,
      post: (message) => {
        const request = message as Request & { data: { plaintexts: Uint8Array[] } };
        if (request.name !== 'group.encrypt') return port.post(message);
        const plaintexts = request.data.plaintexts.map(again);
        port.post({ ...request, data: { ...request.data, plaintexts } });
      },
    };
  };
  return { ...platform, spawnWorker };
}

test('a page of messages that are said again costs one look through the history', async () => {
  const inner = memoryStorage();
  let scans = 0;
  const storage = {
    ...inner,
    scan: async (range: Parameters<typeof inner.scan>[0]) => {
      const rows = await inner.scan(range);
      if (range.prefix.startsWith('message/')) {
        scans += 1;
      }
      return rows;
    },
  };
  const alice = await town.join('alice', { storage, live: false });
  const mallory = await town.join('mallory', { live: false, platform: repeating() });
  const tea = await alice.conversations.create({ members: [mallory.handle] });
  await mallory.sync();
  const hers = same(mallory, tea);
  await Promise.all(Array.from({ length: 60 }, () => hers.send('x'.repeat(60_000))));
  await alice.sync();
  scans = 0;
  await Promise.all(Array.from({ length: 30 }, (_, n) => hers.send(`again ${n}`)));
  await alice.sync();
  expect(scans).toBeLessThanOrEqual(2);
});
