import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { toBase64Url, type StreamEvent } from '@quicprochat/protocol';
import { eventually, startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Driver } from '../src/sync/driver.ts';
import type { KeyPackages } from '../src/sync/key-packages.ts';
import type { Welcomes } from '../src/sync/welcomes.ts';
import type { Ledger } from '../src/state/ledger.ts';
import { Live, type Connection } from '../src/sync/live.ts';
import { platform } from '#platform';
import { RelayClock } from '../src/transport/relay-clock.ts';
import { Relay, type Signer } from '../src/transport/relay.ts';

let relay: RelayProcess;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.kill());

const GROUPS = 501;

/** Groups at a relay, all under one access key and each with one message: their ids. */
async function fill(session: Relay, accessKey: Uint8Array): Promise<string[]> {
  const groupIds = Array.from({ length: GROUPS }, () => randomBytes(16).toString('hex'));
  const waiting = [...groupIds];
  const createSome = async () => {
    for (let groupId = waiting.pop(); groupId !== undefined; groupId = waiting.pop()) {
      await session.groups.create(groupId, toBase64Url(accessKey));
      await post(session, groupId);
    }
  };
  await Promise.all(Array.from({ length: 16 }, createSome));
  return groupIds;
}

async function post(session: Relay, groupId: string): Promise<string> {
  const id = randomBytes(16).toString('hex');
  await session.groups.post({
    groupId,
    epoch: 0,
    entries: [{ id, message: toBase64Url(randomBytes(32)) }],
  });
  return id;
}

test('a client in 501 groups hears of a message in each of them', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const accessKey = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const signer: Signer = {
    device: () => Promise.reject(new Error('nobody signs in here')),
    group: async (_groupId, transcript) => ({
      accessKey,
      signature: new Uint8Array(sign(null, transcript, privateKey)),
    }),
  };
  const session = new Relay(relay.url, { signer, platform, clock: new RelayClock(platform.clock) });
  const groupIds = await fill(session, accessKey);

  const heard = new Set<string>();
  let connection: Connection = 'connecting';
  const live = new Live({
    core: { isStopped: false, onStopped: undefined },
    platform,
    ledger: {
      onChange: () => () => undefined,
      rows: () => groupIds.map((id) => ({ id, state: 'active', epoch: 0, cursor: 1 })),
      refresh: async () => undefined,
      outbox: { first: () => undefined },
    } as unknown as Ledger,
    relay: {
      events: {
        async *followInbox(_cursor: number, signal: AbortSignal): AsyncGenerator<StreamEvent> {
          yield { type: 'open' };
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        },
        followGroups: session.events.followGroups.bind(session.events),
        followToo: session.events.followToo.bind(session.events),
      },
    } as unknown as Relay,
    driver: {
      patient: false,
      drive: async () => undefined,
      tend: async () => undefined,
      deliver: async (_groupId: string, { entry }: { entry: { id: string } }) => void heard.add(entry.id),
    } as unknown as Driver,
    welcomes: { catchUp: async () => undefined, cursor: 0 } as unknown as Welcomes,
    keyPackages: {
      topUpIfAccepted: async () => undefined,
      forgetExpired: async () => undefined,
    } as unknown as KeyPackages,
    onConnection: (now) => (connection = now),
  });
  live.start();
  try {
    await eventually('the client is online', () => connection === 'online');
    const sent: string[] = [];
    for (const groupId of groupIds) sent.push(await post(session, groupId));
    await eventually('every message was heard', () => sent.every((id) => heard.has(id)));
  } finally {
    live.stop();
  }
  expect(heard.size).toBe(GROUPS);
}, 120_000);
