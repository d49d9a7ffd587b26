import { randomBytes } from 'node:crypto';
import { platform } from '#platform';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Platform } from '../src/platform/platform.ts';
import type { Request, Response, StagedBundle } from '../src/worker/protocol.ts';
import { contentsOf, people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

/** A member whose program changes its commits between the core and the relay, once it is armed. */
function malicious(lie: (bundle: StagedBundle) => StagedBundle) {
  let isArmed = false;
  const spawnWorker: Platform['spawnWorker'] = () => {
    const port = platform.spawnWorker();
    const updates = new Set<number>();
    return {
      ...port,
      post: (message) => {
        const { id, name } = message as Request;
        if (name === 'group.selfUpdate') updates.add(id);
        port.post(message);
      },
      onMessage: (listener) => {
        port.onMessage((message) => {
          const response = message as Response;
          const isLie = isArmed && response.ok && updates.has(response.id);
          listener(isLie ? { ...response, result: lie(response.result as StagedBundle) } : message);
        });
      },
    };
  };
  return { arm: () => (isArmed = true), platform: { ...platform, spawnWorker } };
}

const garbage = (bundle: StagedBundle) => ({ ...bundle, commit: new Uint8Array(randomBytes(700)) });
const flipped = (bundle: StagedBundle) => {
  const commit = bundle.commit.slice();
  commit[commit.length - 1]! ^= 1;
  return { ...bundle, commit };
};
/** A commit that everybody can follow, into an epoch whose key the relay does not know. */
const wrongKey = (bundle: StagedBundle) => ({ ...bundle, nextAccessKey: new Uint8Array(randomBytes(32)) });

async function trio(lie: (bundle: StagedBundle) => StagedBundle, options: { live?: boolean } = {}) {
  const evil = malicious(lie);
  const [alice, bob] = [await town.join('alice', options), await town.join('bob', options)];
  const mallory = await town.join('mallory', { platform: evil.platform });
  await syncAll(alice, bob, mallory);
  const tea = await alice.conversations.create({ members: [bob.handle, mallory.handle] });
  await syncAll(bob, mallory);
  evil.arm();
  return { alice, bob, mallory, tea };
}

test.each([
  ['garbage', garbage, 'WIRE_DECODE'],
  ['a commit with a bit flipped', flipped, 'DECRYPT_FAILED'],
  ['a commit under the wrong access key', wrongKey, 'INVALID_COMMIT'],
])('a member who commits %s does not hold the others up', async (_what, lie, code) => {
  const { alice, bob, mallory, tea } = await trio(lie);
  const { epoch } = tea;
  // It counts for nobody but herself.
  await same(mallory, tea).heal();
  await same(bob, tea).send('can you hear me?');
  await alice.sync();
  expect(await textsOf(tea)).toEqual(['can you hear me?']);
  expect([tea.epoch, same(bob, tea).epoch]).toEqual([epoch + 1, epoch + 1]);
  expect(tea.security.epochAuthenticator).toBe(same(bob, tea).security.epochAuthenticator);
  await tea.members.remove([mallory.handle]);
  await syncAll(bob, alice);
  await tea.send('among us');
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['can you hear me?', 'among us']);
  for (const member of [tea, same(bob, tea)])
    expect(await contentsOf(member)).toContainEqual({ type: 'undecryptable', code });
});

test('what was to be sent when the epoch was wedged goes out, and once', async () => {
  const { alice, bob, mallory, tea } = await trio(garbage);
  await same(mallory, tea).heal();
  await Promise.all(['one', 'two', 'three'].map((text) => tea.send(text)));
  await syncAll(bob, alice);
  expect((await textsOf(same(bob, tea))).sort()).toEqual(['one', 'three', 'two']);
  expect(await textsOf(same(mallory, tea))).toEqual([]);
});

test('a commit of ours that lost against garbage is brought again, and does what it was for', async () => {
  const { alice, bob, mallory, tea } = await trio(garbage);
  await same(mallory, tea).heal();
  await tea.members.remove([mallory.handle]);
  await syncAll(bob);
  const handles = same(bob, tea)
    .members.list()
    .map(({ handle }) => handle);
  expect(handles.sort()).toEqual([alice.handle, bob.handle].sort());
});

test('live members get over it by themselves', async () => {
  const { alice, bob, mallory, tea } = await trio(garbage, { live: true });
  await eventually('both are online', () => [alice, bob].every(({ connection }) => connection === 'online'));
  const { epoch } = tea;
  await same(mallory, tea).heal();
  await eventually('both are in the next epoch', () =>
    [tea, same(bob, tea)].every((member) => member.epoch > epoch),
  );
  await tea.send('still here');
  await eventually('Bob reads on', async () => (await textsOf(same(bob, tea))).includes('still here'));
  expect(tea.security.epochAuthenticator).toBe(same(bob, tea).security.epochAuthenticator);
});

test('who was away while an epoch had several candidates takes the first that holds', async () => {
  const { alice, bob, mallory, tea } = await trio(garbage);
  await same(mallory, tea).heal();
  await tea.send('first');
  await tea.heal();
  await tea.send('second');
  await syncAll(bob, alice);
  expect(await textsOf(same(bob, tea))).toEqual(['first', 'second']);
  expect(same(bob, tea).epoch).toBe(tea.epoch);
});
