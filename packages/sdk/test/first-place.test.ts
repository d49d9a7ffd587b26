import { generateKeyPairSync, sign } from 'node:crypto';
import { receiptTranscript, toBase64Url, type Posted } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { findFork } from '../src/log/fork.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { network, reset } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

/** Receipts that a client gets before it has read anything of a log. */

const town = people();

test('a joiner that has read nothing takes no receipt for its own message before it has read the log', async () => {
  const net = network();
  const shared = memoryStorage();
  const storage: Storage = { ...shared, close: async () => undefined };
  const alice = await town.join('alice');
  const bob = await town.join('bob', { platform: net.platform, storage });
  // From another conversation Bob knows the relay's key.
  await (await bob.conversations.create({ members: [alice.handle] })).send('hello');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  net.fail(({ procedure }) => (procedure === 'groups.read' ? reset() : undefined));
  await bob.sync();
  await bob.close();
  await tea.send('before Bob’s');
  const receipt = tea.statement?.receipts.at(-1) ?? expect.unreachable();
  const again = await town.open({ storage, platform: net.platform });
  net.mend();
  // The relay passes Alice's place off as Bob's, and does store what Bob sends.
  net.lie('groups.post', ({ sequences }: Posted) => ({
    sequences: sequences.map(() => receipt.sequence),
    receipt,
  }));
  await same(again, tea).send('Bob’s');
  await again.sync();
  await alice.sync();
  expect(await textsOf(tea)).toEqual(['before Bob’s', 'Bob’s']);
  // In Bob's history, what he sent stands where he sent it.
  expect(await textsOf(same(again, tea))).toEqual(['Bob’s', 'before Bob’s']);
});

test('no receipt is signed by what is longer than a key', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const groupId = '00'.repeat(16);
  const receipts = [1, 2].map((n) => {
    const head = new Uint8Array(32).fill(n);
    const transcript = receiptTranscript(groupId, { branch: '', sequence: 1, head });
    const signature = toBase64Url(new Uint8Array(sign(null, transcript, privateKey)));
    return { branch: '', sequence: 1, head: toBase64Url(head), signature };
  });
  const statementUnder = (receiptKey: Uint8Array) => [
    { receiptKey: toBase64Url(receiptKey), groupId, receipts },
  ];
  expect(await findFork(statementUnder(new Uint8Array(key)))).toBeDefined();
  expect(await findFork(statementUnder(new Uint8Array([...key, 9])))).toBeUndefined();
});
