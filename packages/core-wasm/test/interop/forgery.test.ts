import { createCommit, encodeMlsMessage, type CiphersuiteImpl, type Extension } from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { beforeAll, expect, test } from 'vitest';
import { initialize } from '../../src/node.ts';
import { createIdentity, createSigningKey } from './chain.ts';
import { Group } from './group.ts';
import { OurPeer } from './ours.ts';
import { SUITES, type SuiteNumber } from './peer.ts';
import { createKeyPackage, encodeKeyPackage, GROUP_RULES } from './ts-mls-forms.ts';
import { TsMlsPeer } from './ts-mls.ts';

beforeAll(() => initialize());

const SUITE: SuiteNumber = 0x0003;

/** Suites that lie in one place, what they make being sealed as it should be; and what the core says to that. */
const LIES: { what: string; code: string; lie: (suite: CiphersuiteImpl) => CiphersuiteImpl }[] = [
  {
    what: 'a confirmation tag of another epoch',
    code: 'INVALID_COMMIT',
    lie: (suite) => ({
      ...suite,
      hash: { ...suite.hash, mac: async (key, data) => flipped(await suite.hash.mac(key, data)) },
    }),
  },
  {
    what: 'a signature that is not the committer’s',
    code: 'DECRYPT_FAILED',
    lie: (suite) => signing(suite, 'FramedContentTBS'),
  },
  {
    what: 'a leaf that is not signed by its key',
    code: 'INVALID_COMMIT',
    lie: (suite) => signing(suite, 'LeafNodeTBS'),
  },
  {
    what: 'path secrets that do not open',
    code: 'CANNOT_FOLLOW',
    lie: (suite) => ({
      ...suite,
      hpke: {
        ...suite.hpke,
        seal: async (key, plaintext, info, aad) => {
          const { ct, enc } = await suite.hpke.seal(key, plaintext, info, aad);
          return { ct: flipped(ct), enc };
        },
      },
    }),
  },
];

const cases = SUITES.flatMap((suite) => LIES.map((lie) => ({ suite, ...lie })));

test.each(cases)('suite $suite: a commit with $what is refused by both', async ({ suite, code, lie }) => {
  const { group, mallory, alice, bob } = await trio(suite);
  const { commit } = await mallory.stage({ add: [], remove: [] }, lie(mallory.suite));
  await expect(alice.takeHandshake(commit)).rejects.toMatchObject({ name: 'CoreError', code });
  await expect(bob.takeHandshake(commit)).rejects.toThrow();
  expect(group.views).toBe(1);
  // The same commit, honestly made, is taken: it was the lie that was refused.
  await mallory.drop();
  await group.commit(mallory);
  expect([group.views, alice.epoch()]).toEqual([1, 2n]);
});

test.each(SUITES)('suite %i: a leaf whose chain is for another key is added by nobody', async (suite) => {
  const { alice, bob, mallory } = await trio(suite);
  const forged = await createKeyPackage(createIdentity('eve'), bob.suite, createSigningKey());
  const add = [encodeKeyPackage(forged.publicPackage)];
  await expect(alice.stage({ add, remove: [] })).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' });
  await expect(bob.stage({ add, remove: [] })).rejects.toThrow('Could not validate credential');
  // Nor does anyone take it from somebody who does not look.
  const { commit } = await createCommit(
    { state: { ...mallory.state, clientConfig: defaultClientConfig }, cipherSuite: mallory.suite },
    { extraProposals: [{ proposalType: 'add', add: { keyPackage: forged.publicPackage } }] },
  );
  const message = encodeMlsMessage(commit);
  await expect(alice.takeHandshake(message)).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' });
  await expect(bob.takeHandshake(message)).rejects.toThrow('Could not validate credential');
});

test.each(SUITES)('suite %i: a re-initialization is refused, though MLS has it', async (suite) => {
  const { group, alice, mallory } = await trio(suite);
  const { commit } = await createCommit(
    { state: mallory.state, cipherSuite: mallory.suite },
    {
      extraProposals: [
        {
          proposalType: 'reinit',
          reinit: {
            groupId: Uint8Array.of(9),
            version: 'mls10',
            cipherSuite: mallory.suite.name,
            extensions: [],
          },
        },
      ],
    },
  );
  const taken = alice.takeHandshake(encodeMlsMessage(commit));
  await expect(taken).rejects.toMatchObject({ code: 'POLICY_REJECTED' });
  expect(group.views).toBe(1);
});

const OTHER_RULES: { what: string; extensions: Extension[] }[] = [
  { what: 'no rules', extensions: [] },
  { what: 'rules of another version', extensions: [{ ...GROUP_RULES, extensionData: Uint8Array.of(0, 2) }] },
];

test.each(OTHER_RULES)('a group with $what in its context is not joined', async ({ extensions }) => {
  const [alice, bob] = [new OurPeer('alice', SUITE), await TsMlsPeer.create('bob', SUITE)];
  await bob.create(new Uint8Array(16).fill(7), extensions);
  const { invitations } = await bob.stage({ add: [await alice.keyPackage()], remove: [] });
  const joined = alice.join(invitations[0]!);
  await expect(joined).rejects.toMatchObject({ name: 'CoreError', code: 'UNSUPPORTED_RULES' });
});

async function trio(suite: SuiteNumber) {
  const alice = new OurPeer('alice', suite);
  const bob = await TsMlsPeer.create('bob', suite);
  const mallory = await TsMlsPeer.create('mallory', suite);
  return { alice, bob, mallory, group: await Group.of(alice, bob, mallory) };
}

/** Lies in the signatures over what is labelled so (RFC 9420 §5.1.2). */
function signing(suite: CiphersuiteImpl, label: string): CiphersuiteImpl {
  return {
    ...suite,
    signature: {
      ...suite.signature,
      sign: async (key, message) => {
        const signature = await suite.signature.sign(key, message);
        return Buffer.from(message).includes(label) ? flipped(signature) : signature;
      },
    },
  };
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
}
