import { randomBytes } from 'node:crypto';
import { fromBase64Url, LIMITS, toBase64Url } from '@quicprochat/protocol';
import { newId, newSigner, Rng } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { gainsNothing } from './support/attack.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, type WriteOptions } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

vi.mock(import('../src/proof/signatures.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.signatures(await original()),
);
vi.mock(import('../src/store/secrets.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.secrets(await original()),
);
vi.mock(import('../src/store/groups.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.groups(await original()),
);
vi.mock(import('../src/store/append-commit.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.commits(await original()),
);
vi.mock(import('../src/store/append-messages.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.messages(await original()),
);

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay({ rateFactor: 1_000 })));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();

/** Who was a member in the first epoch and was removed by the commit that ended it: with all that he had then. */
async function removed(): Promise<{ group: TestGroup; mallory: TestGroup; removedBy: number }> {
  const group = await newGroup();
  await group.post('while he was there');
  const mallory = new TestGroup(relay.url, group.id, group.keys.slice(0, 1));
  const removedBy = await group.commit();
  for (let i = 0; i < 20; i += 1) await group.post('after he was removed');
  return { group, mallory, removedBy };
}

gainsNothing('RLY-36 a removed member pages on', 'the ends of epochs', async () => {
  const { mallory, removedBy } = await removed();
  let gained = 0;
  for (let cursor = 0; cursor <= removedBy + 1; cursor += 1) {
    const { entries } = await mallory.read({ cursor }).catch(() => ({ entries: [] }));
    gained += entries.filter(({ sequence }) => sequence > removedBy).length;
  }
  return gained;
});

gainsNothing('RLY-36 RLY-62 a removed member’s stream goes on', 'the ends of epochs', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  await using stream = await TestStream.open(relay.url, ticket);
  await stream.take(1);
  const removedBy = await group.commit();
  await group.post('after he was removed');
  for (let event = await stream.next(); event !== undefined; event = await stream.next())
    if (event.type === 'group-entry' && event.entry.sequence > removedBy) return 1;
  return 0;
});

/** How many of the ways to write under these options are taken. */
async function written(group: TestGroup, options: WriteOptions): Promise<number> {
  const outcomes = await Promise.allSettled([
    group.post('from nobody', options),
    group.api.groups.commit.mutate(group.commitInput(options)),
  ]);
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
}

gainsNothing('RLY-36 RLY-45 a removed member writes in his epoch', 'the epochs of writes', async () =>
  written((await removed()).mallory, {}),
);

gainsNothing('RLY-36 RLY-31 a removed member writes in the next epoch', 'signatures', async () => {
  const { group, mallory } = await removed();
  const [own, next] = [mallory.keys[0], group.keys[1]];
  if (own === undefined || next === undefined) return expect.unreachable();
  // The key is told with the commit that removed him; its secret is not.
  return written(mallory, {
    epoch: 1,
    key: { publicKey: next.publicKey, sign: (message) => own.sign(message) },
  });
});

/** A request as who listens in would repeat it. */
async function send(procedure: string, input: unknown, url = relay.url): Promise<boolean> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const response = await fetch(`${url}/trpc/${procedure}`, { ...init, body: JSON.stringify(input) });
  await response.text();
  return response.ok;
}

/** One frame of each kind that members send, not sent yet. */
function frames(group: TestGroup, nextKey = newSigner()): [string, object][] {
  return [
    ['groups.create', group.creation()],
    ['groups.post', group.message()],
    ['groups.read', group.readInput()],
    ['groups.candidate', group.candidateInput(0)],
    ['groups.openStream', { groups: [group.streamInput()] }],
    ['groups.commit', group.commitInput({ nextKey })],
  ];
}

gainsNothing('RLY-34 recorded frames are sent again', 'nonces', async () => {
  const group = await newGroup();
  const nextKey = newSigner();
  const recorded = frames(group, nextKey);
  for (const [procedure, input] of recorded) expect(await send(procedure, input)).toBe(true);
  group.keys.push(nextKey);
  // Another process on the same data, as after a restart: it knows what the one before it has taken.
  const restarted = await relay.another();
  let gained = 0;
  const again = async () => {
    for (const [procedure, input] of recorded)
      for (const url of [relay.url, relay.url, restarted.url])
        gained += (await send(procedure, input, url)) ? 1 : 0;
  };
  try {
    await again();
    while (group.epoch < 5) await group.commit();
    await again();
  } finally {
    await restarted.close();
  }
  return gained;
});

/** A field's bytes with one bit turned over. */
function flipped(text: string, rng: Rng): string {
  const bytes = fromBase64Url(text);
  const at = rng.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << rng.below(8));
  return toBase64Url(bytes);
}

/** A frame of which one field says something else than was signed. */
function forged(frame: object, other: object, rng: Rng): object {
  const names = Object.keys(frame);
  const name = rng.pick(names);
  const value = (frame as Record<string, unknown>)[name];
  const foreign = (other as Record<string, unknown>)[name];
  if (Array.isArray(value))
    return { [name]: value.map((item: object, i) => forged(item, (foreign as object[])[i] ?? {}, rng)) };
  if (typeof value === 'object' && value !== null)
    return { ...frame, [name]: rng.chance(1 / 4) ? foreign : forged(value, foreign as object, rng) };
  if (typeof value === 'number') return { ...frame, [name]: value + 1 };
  // An id, or nothing where there is a Welcome in other commits.
  if (typeof value !== 'string' || /^[0-9a-f]{32}$/.test(value))
    return { ...frame, [name]: name === 'welcome' ? WELCOME : newId() };
  return { ...frame, [name]: flipped(value, rng) };
}

const WELCOME = {
  shared: toBase64Url(randomBytes(9)),
  joiners: [{ deviceId: newId(), secrets: toBase64Url(randomBytes(9)) }],
};

gainsNothing('RLY-31 RLY-34 frames are forged from what was seen', 'signatures', async () => {
  const [group, other] = [await newGroup(), await newGroup()];
  const rng = new Rng(31);
  let gained = 0;
  for (let i = 0; i < 60; i += 1)
    for (const [j, [procedure, frame]] of frames(group).entries()) {
      const [, foreign] = frames(other)[j] ?? expect.unreachable();
      gained += (await send(procedure, forged(frame, foreign, rng))) ? 1 : 0;
    }
  return gained;
});

gainsNothing('RLY-31 a signature is changed into another that holds', 'signatures', async () => {
  const group = await newGroup();
  const input = group.readInput();
  const signature = fromBase64Url(input.proof.signature);
  // S + L, L being the order of the base point: the same equation holds (RFC 8032 §8.4).
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
  const bent = Buffer.concat([
    signature.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(),
  ]);
  return (await send('groups.read', { ...input, proof: { ...input.proof, signature: toBase64Url(bent) } }))
    ? 1
    : 0;
});

const newDevice = () => new TestDevice(relay.url, `p-${newId().slice(0, 12)}`).register();

gainsNothing('RLY-10 an answer to a challenge is sent a hundred times at once', 'challenges', async () => {
  const login = await (await newDevice()).loginInput();
  const taken = await Promise.all(Array.from({ length: 100 }, () => send('auth.login', login)));
  // The first one is the device's own.
  return taken.filter(Boolean).length - 1;
});

gainsNothing('RLY-10 an answer to a challenge comes half a minute late', 'challenges', async () => {
  const login = await (await newDevice()).loginInput();
  relay.clock.advance(LIMITS.challengeLifetimeMs + 1_000);
  return (await send('auth.login', login)) ? 1 : 0;
});

gainsNothing('RLY-13 RLY-16 an answer is made for others', 'signatures', async () => {
  const [device, victim] = [await newDevice(), await newDevice()];
  const taken = [
    await send('auth.login', { ...(await device.loginInput()), deviceId: victim.id }),
    await send('auth.login', await device.loginInput('elsewhere.example')),
    await send('account.register', { ...(await device.registration()), handle: `q-${newId().slice(0, 9)}` }),
  ];
  return taken.filter(Boolean).length;
});

gainsNothing('RLY-60 a ticket is redeemed a second time', 'tickets', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  await using first = await TestStream.open(relay.url, ticket);
  await first.take(1);
  await using second = await TestStream.open(relay.url, ticket);
  return (await second.next()) === undefined ? 0 : 1;
});
