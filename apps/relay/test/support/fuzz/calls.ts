import { randomBytes } from 'node:crypto';
import { CIPHER_SUITES, LIMITS, toBase64Url } from '@quicprochat/protocol';
import { newId, newSigner, type Rng, type Signer } from '@quicprochat/testkit';
import { newBlob } from '../../../../../packages/relay/test/support/blob.ts';
import { welcomeFor, type TestGroup } from '../../../../../packages/relay/test/support/group.ts';
import { World, type Call, type Procedure } from './world.ts';

type Make = (world: World, rng: Rng) => Call | Promise<Call>;

/**
 * One of each procedure's calls: half of them as they should be, the others bent before they are signed, so that they
 * reach what lies behind the check of signatures.
 */
export const CALLS: Record<Procedure, Make> = {
  'account.register': async (world, rng) => {
    const taken = rng.chance(1 / 4) ? rng.pick(world.devices).handle : undefined;
    const device = world.stranger(taken);
    const input = await device.registration(audienceOf(world, rng));
    if (rng.chance(1 / 8)) input.challenge = random(32);
    const succeeded = async () => {
      if (rng.chance(1 / 4)) world.adopt(await device.login(), rng);
    };
    return { procedure: 'account.register', input, succeeded };
  },
  'auth.challenge': () => ({ procedure: 'auth.challenge', input: {} }),
  'auth.login': async (world, rng) => {
    const device = rng.chance(1 / 6) ? world.stranger() : rng.pick(world.devices);
    const input = await device.loginInput(audienceOf(world, rng));
    if (rng.chance(1 / 8)) {
      input.challenge = random(32);
      input.signature = device.answer('login', input.challenge, new URL(world.url).host);
    }
    return { procedure: 'auth.login', input };
  },
  'directory.lookup': (world, rng) => {
    const { handle } = rng.chance(1 / 3) ? world.stranger() : rng.pick(world.devices);
    return { procedure: 'directory.lookup', token: tokenOf(world, rng), input: { handle } };
  },
  'keyPackages.publish': (world, rng) => {
    const count = rng.chance(1 / 2) ? LIMITS.maxKeyPackagesPerPublish : rng.below(3);
    const bytes = rng.pick([1, 40, rng.chance(1 / 8) ? LIMITS.maxKeyPackageBytes + 1 : 40]);
    const input = {
      suite: suiteOf(rng),
      keyPackages: Array.from({ length: count }, () => random(bytes)),
      ...(rng.chance(1 / 2) && { lastResort: random(30) }),
      ...(rng.chance(1 / 6) && { replace: true }),
    };
    return { procedure: 'keyPackages.publish', token: tokenOf(world, rng), input };
  },
  'keyPackages.status': (world, rng) => {
    return { procedure: 'keyPackages.status', token: tokenOf(world, rng), input: { suites: [suiteOf(rng)] } };
  },
  'keyPackages.claim': (world, rng) => {
    const handles = rng.sample(world.devices, 1 + rng.below(3)).map(({ handle }) => handle);
    if (rng.chance(1 / 6)) handles.push(world.stranger().handle);
    const input = { suite: suiteOf(rng), handles };
    return { procedure: 'keyPackages.claim', token: tokenOf(world, rng), input };
  },
  'inbox.read': (world, rng) => {
    const input = { cursor: cursorOf(rng), limit: limitOf(rng) };
    return { procedure: 'inbox.read', token: tokenOf(world, rng), input };
  },
  'inbox.acknowledge': (world, rng) => {
    return {
      procedure: 'inbox.acknowledge',
      token: tokenOf(world, rng),
      input: { sequence: cursorOf(rng) },
    };
  },
  'inbox.openStream': (world, rng) => {
    return { procedure: 'inbox.openStream', token: tokenOf(world, rng), input: { cursor: cursorOf(rng) } };
  },
  'groups.create': (world, rng) => {
    const group = rng.chance(1 / 4) ? rng.pick(world.groups) : world.group();
    const squatter = rng.chance(1 / 4) ? world.group(rng.pick(world.groups).id) : group;
    return {
      procedure: 'groups.create',
      input: squatter.creation(proofOf(world, rng)),
      succeeded: () => world.adopt(squatter, rng),
    };
  },
  'groups.commit': (world, rng) => {
    const group = rng.pick(world.groups);
    const claim = { ...proofOf(world, rng), ...epochOf(group, rng) };
    const nextKey = newSigner();
    const id = World.again(world.entryIds, newId(), rng);
    const input = group.commitInput({
      ...claim,
      id,
      payload: randomBytes(rng.pick([0, 1, 60, 60, 60, 5_000])),
      welcome: rng.chance(1 / 2) ? null : welcomeOf(world, rng),
      candidate: rng.chance(1 / 4) ? rng.below(3) : 0,
      nextKey,
    });
    const succeeded = () => {
      World.remember(world.entryIds, id);
      // An old commit that is sent again succeeds, and the group goes on from where it is.
      if (claim.epoch === group.epoch) group.keys.push(nextKey);
    };
    return { procedure: 'groups.commit', input, succeeded };
  },
  'groups.post': (world, rng) => {
    const group = rng.pick(world.groups);
    const bytes = rng.pick([0, 1, 40, 40, 40, 5_000, LIMITS.maxMessageBytes + rng.below(2)]);
    const count = rng.pick([0, 1, 1, 1, 2, 7, LIMITS.maxPostEntries + rng.below(2)]);
    const entries = Array.from({ length: count }, () => {
      return { id: World.again(world.entryIds, newId(), rng), payload: randomBytes(bytes) };
    });
    const input = group.batch(entries, { ...proofOf(world, rng), ...epochOf(group, rng) });
    const succeeded = () => {
      for (const { id } of entries) World.remember(world.entryIds, id);
    };
    return { procedure: 'groups.post', input, succeeded };
  },
  'groups.signal': (world, rng) => {
    const group = rng.pick(world.groups);
    const payload = randomBytes(rng.pick([0, 1, 40, 40, 40, LIMITS.maxSignalBytes + rng.below(2)]));
    const input = group.signalInput({ ...proofOf(world, rng), ...epochOf(group, rng), payload });
    return { procedure: 'groups.signal', input };
  },
  'groups.read': (world, rng) => {
    const group = rng.pick(world.groups);
    const page = { ...epochOf(group, rng), cursor: cursorOf(rng), limit: limitOf(rng) };
    return { procedure: 'groups.read', input: group.readInput({ ...proofOf(world, rng), ...page }) };
  },
  'groups.heads': (world, rng) => {
    const groups = rng.sample(world.groups, 1 + rng.below(3));
    const asked = groups.map((group) => group.headsInput({ ...proofOf(world, rng), ...epochOf(group, rng) }));
    return { procedure: 'groups.heads', input: { groups: rng.chance(1 / 8) ? [] : asked } };
  },
  'groups.candidate': (world, rng) => {
    const group = rng.pick(world.groups);
    const claim = { ...proofOf(world, rng), ...epochOf(group, rng) };
    return { procedure: 'groups.candidate', input: group.candidateInput(rng.below(3), claim) };
  },
  'groups.openStream': (world, rng) => {
    return { procedure: 'groups.openStream', input: { groups: followedBy(world, rng) } };
  },
  'blobs.create': (world, rng) => {
    const blob = rng.chance(1 / 4)
      ? rng.pick(world.blobs)
      : newBlob(world.url, rng.pick(world.groups), 1 + rng.below(2_000));
    const input = blob.creation({
      ...proofOf(world, rng),
      ...epochOf(blob.group, rng),
      size: rng.chance(3 / 4)
        ? blob.bytes.length
        : rng.pick([0, LIMITS.maxBlobBytes, LIMITS.maxBlobBytes + 1]),
      ...(rng.chance(1 / 4) && { sha256: rng.pick(['right' as const, randomBytes(32), randomBytes(31)]) }),
    });
    return { procedure: 'blobs.create', input };
  },
  'blobs.open': (world, rng) => {
    const blob = rng.chance(1 / 8) ? newBlob(world.url, rng.pick(world.groups)) : rng.pick(world.blobs);
    const input = blob.opening({ ...proofOf(world, rng), ...epochOf(blob.group, rng) });
    return { procedure: 'blobs.open', input };
  },
  'groups.follow': (world, rng) => {
    const stream = random(32);
    const groups = placesOf(world, rng).map(({ group, place }) =>
      group.followInput(rng.chance(1 / 8) ? random(32) : stream, place),
    );
    return { procedure: 'groups.follow', input: { stream, groups } };
  },
  'push.key': (_world, rng) => ({
    procedure: 'push.key',
    input: rng.chance(1 / 2) ? {} : { endpoint: 'x' },
  }),
  'push.subscribe': (world, rng) => {
    const endpoint = rng.pick([
      ...['https://push.invalid/wp/x', 'http://push.invalid/', 'https://127.0.0.1:1/', 'https://a b'],
      ...['https://u:p@push.invalid/', 'x', `https://push.invalid/${'x'.repeat(2_000)}`],
    ]);
    return { procedure: 'push.subscribe', token: tokenOf(world, rng), input: { endpoint } };
  },
  'push.unsubscribe': (world, rng) => {
    return { procedure: 'push.unsubscribe', token: tokenOf(world, rng), input: {} };
  },
  'receipts.key': (_world, rng) => ({
    procedure: 'receipts.key',
    input: rng.chance(1 / 2) ? {} : { groupId: newId() },
  }),
  'streams.events': async (world, rng) => {
    const ticket = rng.chance(1 / 4) ? random(32) : await ticketOf(world, rng);
    return { procedure: 'streams.events', input: { ticket } };
  },
};

/** A ticket that is good, for groups or for an inbox; sometimes one that was used. */
async function ticketOf(world: World, rng: Rng): Promise<string> {
  const opening = rng.chance(1 / 2)
    ? rng.pick(world.groups).api.groups.openStream.mutate({ groups: followedBy(world, rng) })
    : rng.pick(world.devices).api.inbox.openStream.mutate({ cursor: 0 });
  const ticket = await opening.then(
    (opened) => opened.ticket,
    () => random(32),
  );
  return World.remember(world.tickets, World.again(world.tickets, ticket, rng));
}

function followedBy(world: World, rng: Rng) {
  return placesOf(world, rng).map(({ group, place }) => group.streamInput(place));
}

function placesOf(world: World, rng: Rng) {
  return rng.sample(world.groups, 1 + rng.below(2)).map((group) => {
    const cursor = rng.chance(2 / 3) ? 0 : cursorOf(rng);
    return { group, place: { ...proofOf(world, rng), ...epochOf(group, rng), cursor } };
  });
}

/** What a proof can say wrongly while its signature holds, or by whom it can be made. Mostly nothing. */
function proofOf(world: World, rng: Rng) {
  const nonce = World.remember(world.nonces, World.again(world.nonces, randomBytes(16), rng));
  if (rng.chance(3 / 4)) return { nonce };
  const offMs = rng.pick([-1, 1]) * (LIMITS.proofWindowMs + 60_000);
  return rng.pick([
    { nonce, issuedAtMs: Date.now() + offMs },
    { nonce, issuedAtMs: rng.pick([0, Number.MAX_SAFE_INTEGER]) },
    { nonce, audience: 'elsewhere.example' },
    { nonce, key: newSigner() },
    { nonce, key: rng.pick(world.groups).keys[0] ?? newSigner() },
  ]);
}

function welcomeOf(world: World, rng: Rng) {
  const joiners = rng.sample(world.devices, 1 + rng.below(2)).map(({ id }) => id as string);
  if (rng.chance(1 / 6)) joiners.push(newId());
  if (rng.chance(1 / 6)) joiners.push(...joiners);
  return welcomeFor(...joiners);
}

/** Mostly the one that goes on. A member can also claim one that has not begun. */
function epochOf(group: TestGroup, rng: Rng): { epoch: number; key?: Signer } {
  const { epoch, keys } = group;
  if (rng.chance(2 / 3)) return { epoch };
  const ahead = rng.pick([epoch + 1, Number.MAX_SAFE_INTEGER]);
  const [last] = keys.slice(-1);
  if (last !== undefined && rng.chance(1 / 3)) return { epoch: ahead, key: last };
  return { epoch: rng.pick([0, Math.max(0, epoch - 1), ahead]) };
}

function cursorOf(rng: Rng): number {
  return rng.pick([0, 0, 1, 2, 5, 1_000_000, Number.MAX_SAFE_INTEGER]);
}

function limitOf(rng: Rng): number {
  return rng.pick([1, 3, LIMITS.maxPageEntries, Number.MAX_SAFE_INTEGER]);
}

/** Mostly one, so that what is published is what is claimed. */
function suiteOf(rng: Rng): number {
  return rng.chance(3 / 4) ? CIPHER_SUITES.x25519Aes128 : rng.pick([...Object.values(CIPHER_SUITES), 2]);
}

function tokenOf(world: World, rng: Rng): string | undefined {
  if (rng.chance(7 / 8)) return rng.pick(world.devices).token;
  return rng.chance(1 / 3) ? undefined : rng.pick([random(32), 'x', '']);
}

function audienceOf(world: World, rng: Rng): string {
  return rng.chance(1 / 8) ? 'elsewhere.example' : new URL(world.url).host;
}

function random(length: number): string {
  return toBase64Url(randomBytes(length));
}
