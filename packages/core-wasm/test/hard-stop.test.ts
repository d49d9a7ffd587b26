import { beforeAll, expect, test } from 'vitest';
import { CoreClient, initialize, type GroupMember } from '../src/node.ts';

/** What the hard stop of the update policy does, and what it does not bound: docs/src/concepts/healing-window.md. */

const DAY_MS = 24 * 60 * 60 * 1_000;
const STORE_KEY = new Uint8Array(32).fill(9);
const GROUP_ID = new Uint8Array(16).fill(7);
const bytes = (words: string) => new TextEncoder().encode(words);

beforeAll(() => initialize());

/** Alice, Bob, and a thief with a copy of all that Bob's device has stored on day 0. */
function theft() {
  const alice = CoreClient.create('alice', STORE_KEY);
  const bob = CoreClient.create('bob', STORE_KEY);
  const atAlice = alice.createGroup(GROUP_ID, 0x0003, 0);
  const { welcome } = atAlice.addMembers(bob.generateKeyPackages(0x0003, 1, 0), 0);
  atAlice.mergePendingCommit(0);
  const atBob = bob.join(welcome!.joiners[0]!, welcome!.shared, 0);
  const stolen = bob
    .takeWrites()
    .flatMap((write) => (write.value === undefined ? [] : [{ ...write, value: write.value }]));
  const thief = CoreClient.open(
    STORE_KEY,
    stolen.filter(({ group }) => group === undefined),
  );
  const atThief = thief.loadGroup(
    GROUP_ID,
    stolen.filter(({ group }) => group !== undefined),
  );
  return { atAlice, atBob, atThief };
}

/** Whether an update of the member's keys is due at a time, or must be made before it sends. */
function updateDue(member: GroupMember, nowMs: number): 'no' | 'due' | 'must' {
  const { updateDueAtMs = Infinity, updateMustAtMs = Infinity } = member.times();
  if (updateMustAtMs <= nowMs) return 'must';
  return updateDueAtMs <= nowMs ? 'due' : 'no';
}

/** Alice heals and sends on each of these days; how many of her messages the other opens. */
function opened(atAlice: GroupMember, other: GroupMember, days: number): number {
  let count = 0;
  for (let day = 1; day <= days; day++) {
    const { commit } = atAlice.selfUpdate(day * DAY_MS);
    atAlice.mergePendingCommit(day * DAY_MS);
    other.process(commit, day * DAY_MS);
    other.mergeStagedCommit(day * DAY_MS);
    const received = other.process(atAlice.encrypt(bytes(`day ${day}`), day * DAY_MS), day * DAY_MS);
    if (received.kind === 'application') count++;
  }
  return count;
}

test('the hard stop stops a member’s own sending, and does not keep a copy of its keys from opening what others send', () => {
  const { atAlice, atBob, atThief } = theft();
  expect(() => atBob.encrypt(bytes('I have not healed'), 8 * DAY_MS)).toThrow(
    expect.objectContaining({ code: 'HEALING_OVERDUE' }),
  );
  expect(opened(atAlice, atThief, 90)).toBe(90);
});

test('a commit that the relay accepts and shows to nobody but its author resets the author’s hard stop', () => {
  const { atAlice, atBob, atThief } = theft();
  atBob.selfUpdate(8 * DAY_MS);
  atBob.mergePendingCommit(8 * DAY_MS);
  expect(updateDue(atBob, 8 * DAY_MS)).toBe('no');
  expect(() => atBob.encrypt(bytes('nobody hears this'), 8 * DAY_MS)).not.toThrow();
  expect(opened(atAlice, atThief, 30)).toBe(30);
});

test('a device clock that is set back pauses both time limits, and not the count of messages', () => {
  const { atAlice } = theft();
  const now = 100 * DAY_MS;
  atAlice.selfUpdate(now);
  atAlice.mergePendingCommit(now);
  atAlice.encrypt(bytes('the hour begins'), now);
  expect(updateDue(atAlice, now + 8 * DAY_MS)).toBe('must');
  expect(updateDue(atAlice, now - 50 * DAY_MS)).toBe('no');
  for (let i = 0; i < 99; i++) atAlice.encrypt(bytes('x'), now - 50 * DAY_MS);
  expect(updateDue(atAlice, now - 50 * DAY_MS)).toBe('due');
});
