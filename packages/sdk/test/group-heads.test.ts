import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { toBase64Url } from '@quicprochat/protocol';
import { startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RelayClock } from '../src/transport/relay-clock.ts';
import { Relay, type Signer } from '../src/transport/relay.ts';
import { network } from './support/network.ts';

let relay: RelayProcess;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.kill());

/** A member of groups that share one access key, and the network between it and the relay. */
function member() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const accessKey = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const signer: Signer = {
    device: () => Promise.reject(new Error('nobody signs in here')),
    group: async (_groupId, transcript) => ({
      accessKey,
      signature: new Uint8Array(sign(null, transcript, privateKey)),
    }),
  };
  const net = network();
  const { platform } = net;
  const session = new Relay(relay.url, { signer, platform, clock: new RelayClock(platform.clock) });
  const newGroup = async (messages: number) => {
    const groupId = randomBytes(16).toString('hex');
    await session.groups.create(groupId, toBase64Url(accessKey));
    const entries = Array.from({ length: messages }, () => {
      return { id: randomBytes(16).toString('hex'), message: toBase64Url(randomBytes(32)) };
    });
    if (messages > 0) await session.groups.post({ groupId, epoch: 0, entries });
    return { groupId, epoch: 0 };
  };
  return { session, net, newGroup };
}

test('asks for the heads of all groups in one call, and is told of each', async () => {
  const { session, net, newGroup } = member();
  const groups = [await newGroup(0), await newGroup(3)];
  const unknown = { groupId: randomBytes(16).toString('hex'), epoch: 0 };
  net.calls.length = 0;
  const heads = await session.groups.heads([groups[0] ?? unknown, unknown, groups[1] ?? unknown]);
  expect(net.calls).toEqual(['groups.heads']);
  expect(heads).toMatchObject([
    { sequence: 0, ended: false, receipt: { sequence: 0 } },
    { error: 'NOT_AUTHORIZED' },
    { sequence: 3, ended: false, receipt: { sequence: 3 } },
  ]);
});

test('asks for more heads than one call can have in several calls', async () => {
  const { session, net, newGroup } = member();
  const group = await newGroup(2);
  net.calls.length = 0;
  const heads = await session.groups.heads(Array.from({ length: 501 }, () => group));
  expect(net.calls).toEqual(['groups.heads', 'groups.heads']);
  expect(heads.map((head) => 'sequence' in head && head.sequence)).toEqual(heads.map(() => 2));
  expect(heads).toHaveLength(501);
  expect(await session.groups.heads([])).toEqual([]);
});

const receipt = { branch: '', sequence: 2, head: 'AA', signature: 'AA' };

test.each([
  ['no answer for a group', []],
  ['two answers for one group', [{ error: 'NOT_AUTHORIZED' }, { error: 'NOT_AUTHORIZED' }]],
  ['a refusal that there is not', [{ error: 'BAD_INPUT' }]],
  ['a place without a receipt', [{ sequence: 2, ended: false }]],
  ['the receipt of another place', [{ sequence: 3, ended: false, receipt }]],
  ['a place before the first', [{ sequence: -1, ended: false, receipt: { ...receipt, sequence: -1 } }]],
])('rejects heads with %s', async (_what, heads) => {
  const { session, net, newGroup } = member();
  const group = await newGroup(1);
  net.lie('groups.heads', () => ({ heads }));
  await expect(session.groups.heads([group])).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
});
