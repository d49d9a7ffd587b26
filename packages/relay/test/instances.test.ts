import { newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { localWake, nodePlatform } from '../src/index.ts';
import { codeOf } from './support/api.ts';
import { without } from './support/attack.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { makeDefencesRemovable } from './support/relay-processes.ts';

vi.mock(import('../src/proof/signatures.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.signatures(await original()),
);
makeDefencesRemovable();

const DAY_MS = 24 * 60 * 60 * 1_000;
const COUNT = inject('natsUrl') === '' ? 1 : 3;

/** What all other tests take for granted of the relays that they are given. */
let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

/** A new group, and a view of it at each relay, with the same keys. */
async function viewsOfGroup(): Promise<TestGroup[]> {
  const { id, keys } = await new TestGroup(relay.url).create();
  return relay.instances.map(({ url }) => new TestGroup(url, id, keys));
}

test('each relay behind the proxy is a process of its own, and what it reports is there when the call is answered', async () => {
  const broken = await startRelay();
  await broken.db.schema.dropTable('challenges').execute();
  const headers = { 'content-type': 'application/json', connection: 'close' };
  for (let calls = 1; calls <= COUNT; calls += 1) {
    await fetch(`${broken.url}/trpc/auth.challenge`, { method: 'POST', body: '{}', headers });
    expect(broken.faults).toHaveLength(calls);
  }
  const pids = broken.faults.map((fault) => fault.pid);
  expect([pids[0], new Set(pids).size]).toEqual([process.pid, COUNT]);
  await broken.close();
});

test('the clock of all of them moves before the test goes on', async () => {
  const views = await viewsOfGroup();
  relay.clock.advance(DAY_MS);
  for (const view of views) {
    expect(await codeOf(view.post('of yesterday'))).toBe('CLOCK_SKEW');
    await view.post('of today', { issuedAtMs: relay.clock.now() });
  }
  relay.clock.advance(-DAY_MS);
});

test('a defence that is taken out is missing in all of them, and then in none', async () => {
  const views = await viewsOfGroup();
  const { publicKey } = views[0]?.keys[0] ?? expect.unreachable();
  const key = { ...newSigner(), publicKey };
  const forged = async () => {
    const outcomes = await Promise.allSettled(views.map((view) => view.post('forged', { key })));
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  };
  expect(await without('signatures', forged)).toBe(COUNT);
  expect(await forged()).toBe(0);
});

test('an option that other processes cannot be sent is refused', async () => {
  class Bounds {
    maxCalls = 1;
  }
  for (const options of [{ wake: localWake() }, { platform: nodePlatform }, { bounds: new Bounds() }])
    await expect(startRelay({ ...options, instances: 3 })).rejects.toThrow('instances: 1');
});
