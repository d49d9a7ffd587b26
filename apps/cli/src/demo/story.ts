import { cp, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Claims } from './claims.ts';
import { outcome, person, readBy, syncAll, view, type Person } from './people.ts';
import type { DemoRelay } from './relay.ts';
import { searchFolder } from './search.ts';

/** Bob's client makes fresh keys after so many messages; the real default is 100. */
const BOB_HEALS_AFTER = 10;

/** The thief never does: fresh keys of the thief's own would show Bob that someone else holds his. */
const THIEF_HEALS_AFTER = 1_000_000;

const NAME = 'Tea at four';

interface Scene {
  relay: DemoRelay;
  claims: Claims;
  alice: Person;
  bob: Person;
  carol: Person;
  /** The conversation's id. */
  id: string;
  /** Every plaintext that was ever sent. */
  sent: string[];
}

/**
 * Tells how a group heals, with real clients at a real relay. Each claim is measured as it is told.
 *
 * @returns whether every claim held
 */
export async function tell(relay: DemoRelay): Promise<boolean> {
  const scene = await threePeopleTalk(relay, new Claims());
  await anOldCopyOpensNothing(scene);
  const thief = await aThiefReadsAlong(scene);
  await bobHeals(scene, thief);
  await theThiefIsOut(scene, thief);
  await carolIsRemoved(scene);
  await theRelayKnowsNothing(scene);
  for (const { client } of [scene.alice, scene.bob, scene.carol, thief]) await client.close();
  return scene.claims.conclude();
}

async function threePeopleTalk(relay: DemoRelay, claims: Claims): Promise<Scene> {
  claims.chapter('Alice, Bob and Carol talk');
  const alice = await person(relay, 'alice');
  const bob = await person(relay, 'bob', { healAfter: BOB_HEALS_AFTER });
  const carol = await person(relay, 'carol');
  const tea = await alice.client.conversations.create({ name: NAME, members: ['bob', 'carol'] });
  const scene: Scene = { relay, claims, alice, bob, carol, id: tea.id, sent: [NAME] };
  const everyone = [alice, bob, carol];
  claims.fact(`relay: process ${relay.processId} at ${relay.url}; suite: ${tea.security.suiteName}`);

  await syncAll(everyone);
  const texts: string[] = [];
  for (const speaker of everyone) {
    texts.push(...(await say(scene, speaker, 1, (n) => `${speaker.name} says something private (${n})`)));
    await syncAll(everyone);
  }
  for (const reader of everyone)
    claims.check(
      `of ${texts.length} messages, ${reader.name} can read`,
      await count(reader, scene, texts),
      3,
    );
  claims.check('number of different epoch authenticators among the three', distinctKeys(everyone, scene), 1);
  return scene;
}

/**
 * The database of an earlier time comes from its write-ahead log, from a free page of the disk, from a backup. The key
 * ring is overwritten in its place, so the thief has that of now.
 */
async function anOldCopyOpensNothing(scene: Scene): Promise<void> {
  const { relay, claims, alice, bob, carol, id } = scene;
  claims.chapter('A thief gets an old copy of Bob’s database, and all that is on his device now');
  const mixed = join(relay.folder, 'old copy, ring of now');
  for (const folder of [join(relay.folder, 'old copy, whole'), mixed])
    await cp(bob.folder, folder, { recursive: true });
  const texts = await say(scene, alice, 3, (n) => `alice says something that bob deletes keys of (${n})`);
  await syncAll([bob, carol]);
  await view(bob, id).heal();
  await syncAll([alice, carol]);
  for (const file of ['qpc.db.ring', 'qpc.db.key', 'qpc.db.generation'])
    await cp(join(bob.folder, file), join(mixed, file));
  claims.fact(
    `the copy is of epoch ${view(bob, id).epoch - 1}, and the group is in epoch ${view(bob, id).epoch}`,
  );
  for (const [name, readable] of [
    ['old copy, ring of now', 0],
    ['old copy, whole', 3],
  ] as const) {
    const thief = await person(relay, name, { healAfter: THIEF_HEALS_AFTER, isCopy: true });
    await outcome(() => thief.client.sync());
    const what = readable === 0 ? 'with the key ring of now' : 'with the key ring of that time';
    claims.check(
      `of ${texts.length} messages of that epoch, the old copy can read ${what}`,
      await count(thief, scene, texts),
      readable,
    );
    await thief.client.close();
  }
}

async function aThiefReadsAlong(scene: Scene): Promise<Person> {
  const { relay, claims, alice, bob, carol } = scene;
  claims.chapter('A thief copies everything stored on Bob’s device');
  const loot = join(relay.folder, 'thief');
  await cp(bob.folder, loot, { recursive: true });
  claims.fact(`copied: ${await sizeOf(loot)} bytes, in epoch ${view(bob, scene.id).epoch}`);

  const thief = await person(relay, 'thief', { healAfter: THIEF_HEALS_AFTER, isCopy: true });
  const texts = await say(scene, alice, 3, (n) => `alice tells bob and carol a secret (${n})`);
  await syncAll([thief]);
  claims.check(
    `of ${texts.length} messages after the theft, the thief can read`,
    await count(thief, scene, texts),
    3,
  );
  await syncAll([bob, carol]);
  return thief;
}

async function bobHeals(scene: Scene, thief: Person): Promise<void> {
  const { claims, alice, bob, carol, id } = scene;
  claims.chapter(
    `Bob’s client makes fresh keys by itself, after ${BOB_HEALS_AFTER} messages, as its policy says`,
  );
  const before = view(bob, id).epoch;
  const texts: string[] = [];
  while (view(bob, id).epoch === before && texts.length < 2 * BOB_HEALS_AFTER) {
    texts.push(...(await say(scene, alice, 1, () => `alice chats on (${texts.length + 1})`)));
    await syncAll([bob, alice, carol]);
  }
  await syncAll([thief]);
  claims.fact(
    `until then, the thief could read ${await count(thief, scene, texts)} of ${texts.length} messages`,
  );
  claims.check('epochs that Bob’s policy began by itself', view(bob, id).epoch - before, 1);
  claims.check('epoch in which Bob’s fresh keys begin', view(bob, id).security.lastHealedEpoch, before + 1);
  claims.check(
    'number of different epoch authenticators among the three',
    distinctKeys([alice, bob, carol], scene),
    1,
  );
}

async function theThiefIsOut(scene: Scene, thief: Person): Promise<void> {
  const { claims, alice, bob, carol, id } = scene;
  claims.chapter('From now on, the thief’s copy is useless');
  const texts = [
    ...(await say(scene, alice, 10, (n) => `alice after the healing (${n})`)),
    ...(await say(scene, carol, 10, (n) => `carol after the healing (${n})`)),
  ];
  await syncAll([bob]);
  await outcome(() => thief.client.sync());
  claims.check(
    `of ${texts.length} messages after that, Bob can read`,
    await count(bob, scene, texts),
    texts.length,
  );
  claims.check(
    `of ${texts.length} messages after that, the thief can read`,
    await count(thief, scene, texts),
    0,
  );
  const attempt = await outcome(() => view(thief, id).send('the thief pretends to be bob'));
  claims.check('error code when the thief sends as Bob', attempt, 'CONVERSATION_STUCK');
}

async function carolIsRemoved(scene: Scene): Promise<void> {
  const { claims, alice, bob, carol, id } = scene;
  claims.chapter('Carol is removed');
  await alice.client.sync();
  const { epoch } = await view(alice, id).members.remove(['carol']);
  const texts = await say(scene, alice, 10, (n) => `alice when carol is out (${n})`);
  // Bob may have healed once more by now: Alice hears of that too.
  await syncAll([bob, alice, carol]);
  claims.fact(`epoch ${epoch} begins, with ${view(alice, id).members.list().length} members`);
  claims.check(
    `of ${texts.length} messages after that, Bob can read`,
    await count(bob, scene, texts),
    texts.length,
  );
  claims.check(`of ${texts.length} messages after that, Carol can read`, await count(carol, scene, texts), 0);
  const attempt = await outcome(() => view(carol, id).send('carol is still here'));
  claims.check('error code when Carol sends', attempt, 'CONVERSATION_ENDED');
  claims.check(
    'number of different epoch authenticators of Alice and Bob',
    distinctKeys([alice, bob], scene),
    1,
  );
}

async function theRelayKnowsNothing({ relay, claims, sent }: Scene): Promise<void> {
  claims.chapter('What the relay has stored of all this');
  const { files, bytes, found } = await searchFolder(relay.relayFolder, sent);
  claims.fact(
    `${sent.length} texts were searched for in its database and its log: ${bytes} bytes in ${files} files`,
  );
  claims.fact('in UTF-8, UTF-16, hex and base64');
  claims.check('texts found', found.length, 0);
  // A search that finds nothing proves something only if it can find: handles are what the relay does know.
  const control = await searchFolder(relay.relayFolder, ['alice', 'bob', 'carol']);
  claims.check(
    'handles found by the same search, of the three that the relay knows',
    control.found.length,
    3,
  );
}

/** Sends texts one after the other, and keeps them for the search at the end. */
async function say(scene: Scene, who: Person, times: number, text: (n: number) => string): Promise<string[]> {
  const texts = Array.from({ length: times }, (_, i) => text(i + 1));
  scene.sent.push(...texts);
  for (const each of texts) await view(who, scene.id).send(each);
  return texts;
}

async function count(reader: Person, { id }: Scene, texts: readonly string[]): Promise<number> {
  return (await readBy(reader, id, texts)).length;
}

function distinctKeys(people: readonly Person[], { id }: Scene): number {
  return new Set(people.map((each) => view(each, id).security.epochAuthenticator)).size;
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
}
