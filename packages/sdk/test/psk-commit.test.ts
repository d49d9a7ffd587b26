import { platform } from '#platform';
import { expect, test } from 'vitest';
import type { Platform, WorkerPort } from '../src/platform/platform.ts';
import { WorkerHost } from '../src/worker/host.ts';
import type { Request } from '../src/worker/protocol.ts';
import { Session } from '../src/worker/session.ts';
import { contentsOf, people, same, syncAll, textsOf } from './support/people.ts';

/** A commit that needs a pre-shared key. The core can make one and the SDK offers no way to: docs/src/concepts/mls.md. */

const PSK_ID = new TextEncoder().encode('agreed upon elsewhere');

const town = people();

/** A member whose client runs its core in this thread, where healing mixes in a PSK that nobody else has. */
const withPsk: Platform = { ...platform, spawnWorker };

function spawnWorker(): WorkerPort {
  const session = new Session();
  const host = new WorkerHost({ session });
  let listener: (message: unknown) => void = () => undefined;
  return {
    post(message) {
      const request = message as Request;
      if (request.name === 'group.selfUpdate') {
        session.client.storePsk(PSK_ID, new Uint8Array(32).fill(7));
        const group = session.group(request.data.groupId);
        group.selfUpdate = (nowMs) => group.commitPsks([PSK_ID], [], nowMs);
      }
      void host.answer(request).then((response) => {
        listener(response);
      });
    },
    onMessage: (next) => (listener = next),
    onFailure: () => undefined,
    setBusy: () => undefined,
    terminate: () => undefined,
  };
}

test('members pass over a commit that needs a PSK, and nobody is stuck', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  const mallory = await town.join('mallory', { platform: withPsk });
  await syncAll(alice, bob, mallory);
  const tea = await alice.conversations.create({ members: [bob.handle, mallory.handle] });
  await syncAll(bob, mallory);
  const { epoch } = tea;

  await same(mallory, tea).heal();
  await syncAll(bob, alice);
  expect([tea.state, same(bob, tea).state]).toEqual(['active', 'active']);
  for (const member of [tea, same(bob, tea)])
    expect(await contentsOf(member)).toContainEqual({ type: 'undecryptable', code: 'PSK_MISSING' });

  await same(bob, tea).send('are we still together?');
  await alice.sync();
  expect(await textsOf(tea)).toEqual(['are we still together?']);
  expect([tea.epoch, same(bob, tea).epoch]).toEqual([epoch + 1, epoch + 1]);
  expect(tea.security.epochAuthenticator).toBe(same(bob, tea).security.epochAuthenticator);
});
