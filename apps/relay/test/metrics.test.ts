import type { Observed } from '@quicprochat/relay';
import { startRelay } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { TestDevice } from '../../../packages/relay/test/support/device.ts';
import { TestGroup, welcomeFor } from '../../../packages/relay/test/support/group.ts';
import { TestStream } from '../../../packages/relay/test/support/stream.ts';
import { createMetrics } from '../src/metrics.ts';

/** One of each kind that there is: the type makes a new kind stand here too. */
const ONE_OF_EACH: { [T in Observed['type']]: Observed & { type: T } } = {
  call: { type: 'call', procedure: 'groups.post', outcome: 'EPOCH_CONFLICT', durationMs: 3 },
  refused: { type: 'refused', reason: 'calls' },
  limited: { type: 'limited', limit: 'welcome' },
  'stream-opened': { type: 'stream-opened', kind: 'inbox' },
  'stream-closed': { type: 'stream-closed', kind: 'inbox' },
  delivered: { type: 'delivered', event: 'group-entry' },
  dropped: { type: 'dropped' },
  transfer: { type: 'transfer', direction: 'upload', outcome: 'cut', bytes: 5 },
  expired: { type: 'expired', keyPackages: 1, spentKeyPackages: 2, welcomes: 3, blobs: 4 },
  pushed: { type: 'pushed', outcome: 'gone' },
  query: { type: 'query', kind: 'commit', durationMs: 4 },
};

test('everything that a relay tells is counted', async () => {
  for (const observed of Object.values(ONE_OF_EACH)) {
    const { registry, observe } = createMetrics();
    const own = async () => (await registry.metrics()).match(/^quicprochat_relay_(?!process|nodejs).*$/gm);
    const before = await own();
    observe(observed);
    expect(await own()).not.toEqual(before);
  }
});

test('a stream that closes is not open any more', async () => {
  const { registry, observe } = createMetrics();
  observe(ONE_OF_EACH['stream-opened']);
  observe(ONE_OF_EACH['stream-opened']);
  observe(ONE_OF_EACH['stream-closed']);
  expect(await registry.metrics()).toContain('quicprochat_relay_streams{kind="inbox"} 1');
});

test('RLY-93 the metrics of a relay in use count what happened, and name nobody', async () => {
  const relay = await startRelay();
  try {
    const device = await new TestDevice(relay.url, 'canary-handle').register();
    const group = await new TestGroup(relay.url).create();
    await group.post('canary-text');
    await group.commit({ welcome: welcomeFor(device.id) });
    await expect(group.commit({ epoch: 0 })).rejects.toThrow('EPOCH_CONFLICT');
    const { ticket } = await device.api.inbox.openStream.mutate({ cursor: 0 });
    await using stream = await TestStream.open(relay.url, ticket);
    await stream.take(2);

    const text = await (await fetch(`${relay.adminUrl}/metrics`)).text();
    for (const line of [
      'calls_total{procedure="groups.post",outcome="OK"} 1',
      'calls_total{procedure="groups.commit",outcome="EPOCH_CONFLICT"} 1',
      'streams{kind="inbox"} 1',
      'stream_events_total{event="inbox-entry"} 1',
      'refused_total{reason="calls"} 0',
      'slow_readers_total 0',
    ])
      expect(text).toContain(`quicprochat_relay_${line}\n`);
    expect(text).toMatch(/quicprochat_relay_store_seconds_count\{kind="commit"\} [1-9]/);
    for (const secret of ['canary', device.id, group.id, '127.0.0.1']) expect(text).not.toContain(secret);
  } finally {
    await relay.stop();
  }
});
