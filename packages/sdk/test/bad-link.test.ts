import { expect, test } from 'vitest';
import { platform } from '#platform';
import type { Platform } from '../src/platform/platform.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

/** A link on which every answer breaks off after so many bytes. */
function breakingAfter(mostBytes: number): Platform {
  const fetch: Platform['net']['fetch'] = async (...args) => {
    const response = await platform.net.fetch(...args);
    let bytes = 0;
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        bytes += chunk.length;
        if (bytes > mostBytes) controller.error(new TypeError('the link is down'));
        else controller.enqueue(chunk);
      },
    });
    return new Response(response.body?.pipeThrough(cut), response);
  };
  return { ...platform, net: { ...platform.net, fetch } };
}

test('messages arrive over a link on which a page of them all breaks off', async () => {
  const alice = await town.join('alice');
  // Room for some messages of 60 kB, and not for all of them.
  const bob = await town.join('bob', { platform: breakingAfter(400_000) });
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const texts = Array.from({ length: 10 }, (_, i) => `${i}${'x'.repeat(60_000)}`);
  for (const text of texts) await tea.send(text);

  let failures = 0;
  for (let attempt = 0; attempt < 20; attempt++) {
    const error = await bob.sync().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) break;
    expect(error).toMatchObject({ code: 'NETWORK' });
    failures++;
  }
  expect(await textsOf(same(bob, tea))).toEqual(texts);
  expect(failures).toBeGreaterThan(0);
});
