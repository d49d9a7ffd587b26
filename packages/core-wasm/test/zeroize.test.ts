/**
 * What stays in the wasm's memory. The secrets are known without asking the core for them: all randomness comes from
 * `crypto.getRandomValues`, which this test listens to, and the core stretches it with ChaCha20.
 */
import { createCipheriv, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import instantiate, { CoreClient, keyOfPassphrase } from '../artefact/quicprochat_wasm.js';

const { memory } = await instantiate({
  module_or_path: await readFile(new URL('../artefact/quicprochat_wasm_bg.wasm', import.meta.url)),
});

const STORE_KEY = new Uint8Array(crypto.getRandomValues(new Uint8Array(32)));
const GROUP_ID = new Uint8Array(16).fill(7);
/** Bytes of a secret that are looked for: enough not to be there by chance. */
const PIECE = 16;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Everything that the core draws from `crypto.getRandomValues` from now on. */
function listen(): Buffer[] {
  const drawn: Buffer[] = [];
  const original = crypto.getRandomValues.bind(crypto);
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    const filled = original(array);
    if (filled instanceof Uint8Array) drawn.push(Buffer.from(filled));
    return filled;
  });
  return drawn;
}

/** What a client's generator puts out: all of its secret keys, in the order in which it makes them. */
function stretched(seed: Buffer, length: number): Buffer {
  return createCipheriv('chacha20', seed, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** The Ed25519 public key of a seed (RFC 8410's form of a private key, and a public one). */
function publicKey(seed: Buffer): Uint8Array {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(-32));
}

/** Where pieces of these secrets are in the memory. */
function found(secrets: readonly Uint8Array[]): number[] {
  const all = Buffer.from(memory.buffer);
  return secrets.flatMap((secret) => {
    const places: number[] = [];
    for (let start = 0; start + PIECE <= secret.length; start += PIECE) {
      const piece = secret.subarray(start, start + PIECE);
      for (let place = all.indexOf(piece); place >= 0; place = all.indexOf(piece, place + 1))
        places.push(place);
    }
    return places;
  });
}

/** The seed of a client's generator, among what was drawn, and the first secrets that it made of it. */
function secretsOf(client: CoreClient, drawn: readonly Buffer[]) {
  const seed = drawn.find((bytes) => {
    // The store's id comes first.
    return bytes.length === 32 && equal(publicKey(stretched(bytes, 48).subarray(16)), client.accountKey());
  });
  if (seed === undefined) throw new Error('nothing that was drawn made this account');
  const keys = stretched(seed, 8 * 1_024);
  expect(publicKey(keys.subarray(48, 80))).toEqual(client.deviceKey());
  return { seed, keys, account: keys.subarray(16, 48), device: keys.subarray(48, 80) };
}

const equal = (left: Uint8Array, right: Uint8Array) => Buffer.compare(left, right) === 0;

test.each([0x0001, 0x0003, 0x004f])('suite %i: nothing of a life in a group stays', (suite) => {
  const drawn = listen();
  const [alice, bob] = [CoreClient.create('alice', STORE_KEY), CoreClient.create('bob', STORE_KEY)];
  const [ofAlice, ofBob] = [secretsOf(alice, drawn), secretsOf(bob, drawn)];

  const atAlice = alice.createGroup(GROUP_ID, suite, 1_000);
  const { welcome } = atAlice.addMembers(bob.generateKeyPackages(suite, 1, 1_000), 1_001);
  atAlice.mergePendingCommit(1_002);
  const atBob = bob.join(welcome!.joiners[0]!, welcome!.shared, 1_003);
  const update = atBob.selfUpdate(1_004);
  atBob.mergePendingCommit(1_004);
  atAlice.process(update.commit, 1_005);
  atAlice.mergeStagedCommit(1_005);

  const psk = crypto.getRandomValues(new Uint8Array(32));
  const pskId = new Uint8Array([1]);
  for (const client of [alice, bob]) client.storePsk(pskId, psk);
  const strengthened = atAlice.commitPsks([pskId], [], 1_006);
  atAlice.mergePendingCommit(1_006);
  atBob.process(strengthened.commit, 1_006);
  atBob.mergeStagedCommit(1_006);

  const plaintext = crypto.getRandomValues(new Uint8Array(200));
  const received = atBob.process(atAlice.encrypt(plaintext, 1_007), 1_008);
  expect(received).toMatchObject({ kind: 'application', plaintext });
  const exported = atAlice.exportSecret('test', new Uint8Array(), 64);
  expect(atBob.exportSecret('test', new Uint8Array(), 64)).toEqual(exported);
  const authenticator = atAlice.epochAuthenticator();
  for (const client of [alice, bob]) client.takeWrites();

  // What is alive is found: the scan has teeth.
  const alive = [ofAlice, ofBob].flatMap(({ seed, account, device }) => [seed, account, device]);
  for (const secret of [...alive, authenticator, psk]) expect(found([secret]).length).toBeGreaterThan(0);
  // What a call took in or gave out is gone when it returns.
  expect(found([plaintext, exported, STORE_KEY])).toEqual([]);
  for (const client of [alice, bob]) client.forgetPsk(pskId);
  for (const client of [alice, bob]) client.takeWrites();
  expect(found([psk])).toEqual([]);

  for (const handle of [atAlice, atBob, alice, bob]) handle.free();
  expect(
    found([...drawn, ofAlice.keys, ofBob.keys, STORE_KEY, psk, authenticator, plaintext, exported]),
  ).toEqual([]);
});

test.each([0x0003, 0x004f])('suite %i: nothing of an epoch stays when its group is unloaded', (suite) => {
  const client = CoreClient.create('alice', STORE_KEY);
  const group = client.createGroup(GROUP_ID, suite, 1_000);
  const second = client.loadGroup(GROUP_ID);
  client.takeWrites();
  // Kept beside the epoch's secrets, in the records and by each handle.
  const authenticator = group.epochAuthenticator();
  expect(found([authenticator]).length).toBeGreaterThan(2);
  client.unloadGroup(GROUP_ID);
  expect(found([authenticator])).toEqual([]);
  for (const handle of [group, second]) expect(() => handle.epoch()).toThrow('the group is not loaded');
  client.free();
});

test('nothing of a passphrase or of the key that it gives stays', () => {
  const [passphrase, salt] = [crypto.getRandomValues(new Uint8Array(48)), new Uint8Array(16).fill(1)];
  const key = keyOfPassphrase(passphrase, salt, 64, 2, 1);
  expect(key).toHaveLength(32);
  expect(found([passphrase, key])).toEqual([]);
});
