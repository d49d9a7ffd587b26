import { expect, test } from 'vitest';
import { impostorOf } from './support/impostor.ts';
import { people, same, syncAll } from './support/people.ts';

const town = people();
const ANOTHER_NUMBER = '0'.repeat(60);

/** Alice has a conversation with Bob, and has seen another account key under his handle since she read his number. */
async function afterAnotherKey() {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  const bobsNumber = await alice.contacts.safetyNumber(bob.handle);
  await impostorOf(bob, town);
  const create = alice.conversations.create({ members: [bob.handle] });
  await expect(create).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
  return { alice, bob, tea, bobsNumber };
}

test('verify refuses a number that is not the one shown now, and changes nothing', async () => {
  const { alice, bob, bobsNumber } = await afterAnotherKey();
  for (const safetyNumber of [bobsNumber, ANOTHER_NUMBER]) {
    await expect(alice.contacts.verify(bob.handle, { safetyNumber })).rejects.toMatchObject({
      code: 'SAFETY_NUMBER_MISMATCH',
      name: 'UsageError',
      details: { handle: bob.handle },
    });
  }
  expect(alice.contacts.hasChanged(bob.handle)).toBe(true);
  expect(alice.contacts.isVerified(bob.handle, bob.accountKey)).toBe(false);
});

test('verify takes the digits with spaces, as they are shown and read aloud', async () => {
  const { alice, bob, bobsNumber } = await afterAnotherKey();
  const number = await alice.contacts.safetyNumber(bob.handle);
  expect(number).not.toBe(bobsNumber);
  await alice.contacts.verify(bob.handle, { safetyNumber: ` ${number.match(/\d{5}/g)!.join(' ')}\n` });
  expect(alice.contacts.hasChanged(bob.handle)).toBe(false);
  expect(alice.contacts.isVerified(bob.handle)).toBe(true);
});

test('reject refuses a number that is not the changed key’s, and changes nothing', async () => {
  const { alice, bob, bobsNumber } = await afterAnotherKey();
  await expect(alice.contacts.reject(bob.handle, { safetyNumber: bobsNumber })).rejects.toMatchObject({
    code: 'SAFETY_NUMBER_MISMATCH',
  });
  expect(alice.contacts.hasChanged(bob.handle)).toBe(true);

  await alice.contacts.reject(bob.handle, { safetyNumber: await alice.contacts.safetyNumber(bob.handle) });
  expect(alice.contacts.hasChanged(bob.handle)).toBe(false);
  expect(await alice.contacts.safetyNumber(bob.handle)).toBe(bobsNumber);
  await expect(alice.contacts.reject(bob.handle, { safetyNumber: bobsNumber })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});

test('a member is verified by account key: not after another key of the handle was verified', async () => {
  const { alice, bob, tea } = await afterAnotherKey();
  const bobIn = () => tea.security.members.find(({ handle }) => handle === bob.handle);
  await alice.contacts.verify(bob.handle, { safetyNumber: await alice.contacts.safetyNumber(bob.handle) });
  expect(alice.contacts.isVerified(bob.handle)).toBe(true);
  expect(bobIn()).toMatchObject({ accountKey: bob.accountKey, verified: false });
  expect(alice.contacts.isVerified(bob.handle, bob.accountKey)).toBe(false);
});

test('an impostor whom another member added is not shown as verified, even if the key is rejected', async () => {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  await syncAll(alice, bob, carol);
  const withBob = await alice.conversations.create({ members: [bob.handle] });
  const tea = await alice.conversations.create({ members: [carol.handle] });
  await carol.sync();
  await alice.contacts.verify(bob.handle, { safetyNumber: await alice.contacts.safetyNumber(bob.handle) });

  const impostor = await impostorOf(bob, town);
  await same(carol, tea).members.add([bob.handle]);
  await alice.sync();
  const verifiedIn = (conversation: typeof tea) =>
    conversation.security.members.find(({ handle }) => handle === bob.handle)?.verified;
  expect([verifiedIn(tea), verifiedIn(withBob)]).toEqual([false, true]);
  await alice.contacts.reject(bob.handle, { safetyNumber: await alice.contacts.safetyNumber(bob.handle) });
  expect([verifiedIn(tea), verifiedIn(withBob)]).toEqual([false, true]);
  expect(alice.contacts.isVerified(bob.handle, impostor.accountKey)).toBe(false);
});

test('unverify takes the mark away and leaves a changed key waiting', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  await alice.conversations.create({ members: [bob.handle] });
  await alice.contacts.verify(bob.handle, { safetyNumber: await alice.contacts.safetyNumber(bob.handle) });
  await impostorOf(bob, town);
  await expect(alice.conversations.create({ members: [bob.handle] })).rejects.toThrow();
  await alice.contacts.unverify(bob.handle);
  expect(alice.contacts.isVerified(bob.handle, bob.accountKey)).toBe(false);
  expect(alice.contacts.hasChanged(bob.handle)).toBe(true);
  await expect(alice.contacts.unverify('a-stranger')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('the id of the key to compare changes with the number that is shown', async () => {
  const { alice, bob } = await afterAnotherKey();
  const changed = alice.contacts.keyId(bob.handle);
  expect(changed).toBeDefined();
  await alice.contacts.reject(bob.handle, { safetyNumber: await alice.contacts.safetyNumber(bob.handle) });
  expect(alice.contacts.keyId(bob.handle)).not.toBe(changed);
  expect(alice.contacts.keyId('a-stranger')).toBeUndefined();
});

test('there is no safety number with oneself, and nothing to verify', async () => {
  const alice = await town.join('alice');
  const { contacts, handle } = alice;
  const refused = { code: 'INVALID_ARGUMENT', message: 'This handle is your own. Name another person.' };
  await expect(contacts.safetyNumber(handle)).rejects.toMatchObject(refused);
  await expect(contacts.verify(handle, { safetyNumber: ANOTHER_NUMBER })).rejects.toMatchObject(refused);
  await expect(contacts.unverify(handle)).rejects.toMatchObject(refused);
});
