import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { platform } from '#platform';
import { eventually } from '@quicprochat/testkit';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Platform } from '../src/platform/platform.ts';
import { ANSWER_SILENCE_MS } from '../src/transport/bounds.ts';
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
  // Both bring a commit, and the second one ends an epoch of its own a moment later.
  await eventually(
    'both share one state of the group',
    () => tea.security.epochAuthenticator === same(bob, tea).security.epochAuthenticator,
  );
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

/** What stands last in a conversation's log, as any member can read it. */
function lastPayload(conversationId: string): Uint8Array {
  const database = new Sqlite(join(town.relay().folder, 'relay.db'), { readonly: true, timeout: 5_000 });
  try {
    const last = database.prepare('SELECT payload FROM entries WHERE log_id = ? ORDER BY sequence DESC');
    return new Uint8Array((last.get(conversationId) as { payload: Buffer }).payload);
  } finally {
    database.close();
  }
}

test('a member who brings the message of another as a commit does not part its sender from the group', async () => {
  let copied = new Uint8Array();
  const { alice, bob, mallory, tea } = await trio((bundle) => ({ ...bundle, commit: copied }));
  await same(bob, tea).send('mine');
  await syncAll(alice, mallory, bob);
  copied = lastPayload(tea.id).slice();
  await same(mallory, tea).heal();
  await syncAll(alice, bob);
  expect(same(bob, tea).state).toBe('active');
  await tea.send('are you there?');
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['mine', 'are you there?']);
});

test('who leaves an epoch that void commits have ended waits for the others, and leaves then', async () => {
  const { alice, bob, mallory, tea } = await trio(garbage);
  await same(mallory, tea).heal();
  const signal = AbortSignal.timeout(1_000);
  await expect(same(bob, tea).leave({ signal })).rejects.toMatchObject({ code: 'TOO_LATE_TO_CANCEL' });
  await syncAll(alice, bob, alice, bob);
  expect(same(bob, tea).state).toBe('left');
  expect(tea.members.list().map(({ handle }) => handle)).not.toContain(bob.handle);
});

test('void commits that keep coming first are read one after the other', async () => {
  const evil = malicious(garbage);
  const crowd = await Promise.all(
    Array.from({ length: 6 }, (_, i) => town.join(`mallory${i}`, { platform: evil.platform })),
  );
  const rivals: (() => Promise<unknown>)[] = [];
  const fetch: Platform['net']['fetch'] = async (input, init) => {
    const request = new Request(input, init);
    if (request.url.includes('groups.commit')) await rivals.shift()?.();
    return platform.net.fetch(request);
  };
  const alice = await town.join('alice');
  const bob = await town.join('bob', { platform: { ...platform, net: { ...platform.net, fetch } } });
  await syncAll(alice, bob, ...crowd);
  const tea = await alice.conversations.create({ members: [bob, ...crowd].map(({ handle }) => handle) });
  await syncAll(bob, ...crowd);
  evil.arm();
  rivals.push(...crowd.map((rival) => () => same(rival, tea).heal()));
  await same(bob, tea).heal();
  expect(rivals).toEqual([]);
  await same(bob, tea).send('at last');
  await alice.sync();
  expect(await textsOf(tea)).toEqual(['at last']);
});

test('what the relay has signed for a void commit stays in the statement, beside what was taken for it', async () => {
  const { bob, mallory, tea } = await trio(garbage);
  await same(mallory, tea).heal();
  await same(bob, tea).send('on we go');
  const receipts = same(bob, tea).statement?.receipts ?? [];
  const ofBoth = receipts.filter(({ sequence }) => sequence === 2);
  expect(ofBoth.map(({ branch }) => branch)).toEqual(['', '2.1']);
});

test('a live member whose candidate did not reach the relay brings it again', async () => {
  const evil = malicious(garbage);
  let isCut = false;
  const fetch: Platform['net']['fetch'] = (input, init) => {
    const request = new Request(input, init);
    const isLost = isCut && request.url.includes('groups.commit');
    if (isLost) isCut = false;
    return isLost ? Promise.reject(new TypeError('cut')) : platform.net.fetch(request);
  };
  const timers: Platform['timers'] = {
    ...platform.timers,
    sleep: (ms, signal) => platform.timers.sleep(ms < ANSWER_SILENCE_MS ? ms / 20 : ms, signal),
  };
  const own = { ...platform, timers, net: { ...platform.net, fetch } };
  const bob = await town.join('bob', { live: true, platform: own });
  const mallory = await town.join('mallory', { platform: evil.platform });
  await syncAll(mallory);
  const tea = await bob.conversations.create({ members: [mallory.handle] });
  await syncAll(mallory);
  await eventually('Bob is online', () => bob.connection === 'online');
  evil.arm();
  isCut = true;
  await same(mallory, tea).heal();
  await eventually('the call is lost', () => !isCut);
  await eventually('Bob is in the next epoch', () => tea.epoch > 1);
});
