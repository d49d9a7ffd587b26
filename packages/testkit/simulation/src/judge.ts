import { QuicprochatError } from '@quicprochat/sdk';
import { intrusions, sealedLate, unsettled, violations } from './invariants.ts';
import { find, type Person } from './person.ts';
import { unsettledSinceRestore, violationsSinceRestore } from './restored.ts';
import type { Scheduler } from './scheduler.ts';
import type { World } from './world.ts';

/** How soon after the faults everything must settle. */
const SETTLES_WITHIN_MS = 10 * 60_000;
/** How long it must stay settled: longer than anything can be late. */
const STAYS_FOR_MS = 10_000;
/** How soon the other tabs of a device must show a change: before their own timers would find it. */
const TELLS_TABS_WITHIN_MS = 5_000;
/** How soon a device that could not open its Welcome must have published new key packages: with the client's next tick. */
const RENEWS_WITHIN_MS = 30_000;

/** How many messages whoever can have been left behind says at the end. Those of a clone must stand in order. */
const LAST_WORDS = 3;

/** Checks that everything settles, and then what has come of it. */
export async function judge(world: World, ids: readonly string[]): Promise<string[]> {
  const { scheduler, people, network } = world;
  const wentBack = ids.filter((id) => network.wentBack.has(id));
  const wentOn = ids.filter((id) => !network.wentBack.has(id));
  const left = () => [
    ...wentOn.flatMap((id) => unsettled(people, id)),
    ...wentBack.flatMap((id) => unsettledSinceRestore(people, id)),
  ];
  const settles = () => staysSo(scheduler, () => left().length === 0);
  if (!(await settles())) return left();
  const found: string[] = [];
  for (const id of wentOn) found.push(...(await rescue(world, id)), ...(await addGuests(world, id)));
  if (found.length > 0) return found;
  // Whoever was added again has no receipt for what is in the log before something comes after it.
  for (const person of people.filter(({ canBeLeftBehind }) => canBeLeftBehind))
    for (const id of wentOn) person.sayMany(id, LAST_WORDS, { isSettled: true });
  // What goes on goes on, and what does not says so.
  for (const person of people) for (const id of wentBack) person.sayMany(id, LAST_WORDS);
  if (!(await settles())) return left();
  // Read positions are not in the log: tabs learn of them through the storage alone.
  for (const person of people) for (const id of ids) person.read(id);
  if (!(await scheduler.runUntil(() => left().length === 0, TELLS_TABS_WITHIN_MS))) return left();
  found.push(...sealedLate(people.filter(({ isHostile }) => !isHostile)), ...intrusions(people));
  found.push(...people.flatMap(({ shownOnline }) => shownOnline));
  for (const id of wentOn) found.push(...(await scheduler.answerOf(violations(people, id))));
  for (const id of wentBack) found.push(...(await scheduler.answerOf(violationsSinceRestore(people, id))));
  return found;
}

/**
 * Has somebody remove and add again whoever a clone has left behind. The first try can be made with a key package of the
 * clone, which the device answers with new ones.
 *
 * @returns one sentence for each who could not be removed or added
 */
async function rescue({ scheduler, people }: World, id: string): Promise<string[]> {
  const viewOf = ({ clients }: Person) => clients[0] && find(clients[0], id);
  const isStuck = (person: Person) => viewOf(person)?.state === 'stuck';
  const stuck = people.filter(isStuck);
  const members = people
    .filter(({ isGuest }) => !isGuest)
    .map(viewOf)
    .find((view) => view?.state === 'active')?.members;
  const failed: string[] = [];
  for (const person of stuck) {
    person.rescued.add(id);
    try {
      for (let tries = 0; tries < 2 && isStuck(person); tries += 1) {
        await scheduler.answerOf(Promise.resolve(members?.remove([person.handle])));
        await scheduler.answerOf(Promise.resolve(members?.add([person.handle])));
        await scheduler.runUntil(() => !isStuck(person), RENEWS_WITHIN_MS);
      }
    } catch (error) {
      failed.push(`${person.handle} could not be added again: ${String(error)}`);
    }
  }
  return failed;
}

/** Has everybody who comes and goes added. That must go well, whatever became of their key packages meanwhile. */
async function addGuests({ scheduler, people: everybody }: World, id: string): Promise<string[]> {
  const people = everybody.filter(({ isHostile }) => !isHostile);
  const failed: string[] = [];
  const host = people.find(({ isGuest, canBeLeftBehind }) => !isGuest && !canBeLeftBehind)?.clients[0];
  const members = host && find(host, id)?.members;
  for (const { isGuest, handle } of people) {
    const isOutside = isGuest && members?.list().every((member) => member.handle !== handle);
    if (isOutside !== true) continue;
    try {
      await scheduler.answerOf(Promise.resolve(members?.add([handle])));
    } catch (error) {
      if (!isRateLimited(error)) failed.push(`${handle} could not be added: ${String(error)}`);
    }
  }
  return failed;
}

function isRateLimited(error: unknown): boolean {
  return error instanceof QuicprochatError && error.code === 'RATE_LIMITED';
}

/**
 * Runs until the condition has held for a while. What the relay accepted a moment ago, the others have not heard of yet,
 * and events that were late before the faults stopped are still under way.
 */
async function staysSo(scheduler: Scheduler, isSo: () => boolean): Promise<boolean> {
  const endMs = scheduler.nowMs + SETTLES_WITHIN_MS;
  while (await scheduler.runUntil(isSo, endMs - scheduler.nowMs)) {
    await scheduler.run(STAYS_FOR_MS);
    if (isSo()) return true;
  }
  return false;
}
