/**
 * What stays in the wasm's memory. The secrets are known without asking the core for them: all randomness comes from
 * `crypto.getRandomValues`, which this test listens to, and the core stretches it with ChaCha20.
 */
import { createCipheriv, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import instantiate, { CoreClient } from '../artefact/quicprochat_wasm.js';

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

test.each([0x0001, 0x0003, 0x004f])('suite %i: nothing of a life in a group stays', (suite) => {
  const drawn = listen();
  const alice = CoreClient.create('alice', STORE_KEY);
  const seed = drawn[0]!;
  const keys = stretched(seed, 1024);
  // The store's id comes first.
  expect(publicKey(keys.subarray(16, 48))).toEqual(alice.accountKey());
  expect(publicKey(keys.subarray(48, 80))).toEqual(alice.deviceKey());

  const bob = CoreClient.create('bob', STORE_KEY);
  const atAlice = alice.createGroup(GROUP_ID, suite, 1_000);
  const { welcome } = atAlice.addMembers(bob.generateKeyPackages(suite, 1), 1_001);
  atAlice.mergePendingCommit(1_002);
  const atBob = bob.join(welcome!.joiners[0]!, welcome!.shared, 1_003);
  const update = atBob.selfUpdate(1_004);
  atBob.mergePendingCommit(1_004);
  atAlice.process(update.commit, 1_005);
  atAlice.mergeStagedCommit(1_005);
  const plaintext = crypto.getRandomValues(new Uint8Array(200));
  const received = atBob.process(atAlice.encrypt(plaintext, 1_006), 1_007);
  expect(received).toMatchObject({ kind: 'application', plaintext });
  const exported = atAlice.exportSecret('test', new Uint8Array(), 64);
  expect(atBob.exportSecret('test', new Uint8Array(), 64)).toEqual(exported);
  const authenticator = atAlice.epochAuthenticator();
  for (const client of [alice, bob]) client.takeWrites();

  // What is alive is found: the scan has teeth.
  for (const alive of [seed, keys.subarray(16, 48), keys.subarray(48, 80), authenticator]) {
    expect(found([alive]).length).toBeGreaterThan(0);
  }
  // What a call took in or gave out is gone when it returns.
  expect(found([plaintext, exported, STORE_KEY])).toEqual([]);

  for (const handle of [atAlice, atBob, alice, bob]) handle.free();
  expect(found([...drawn, keys, STORE_KEY, authenticator, plaintext, exported])).toEqual([]);
});
