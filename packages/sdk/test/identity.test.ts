import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import { impostorOf } from './support/impostor.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

test('the relay hands out an impostor’s key package: it is refused, and nobody is added', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  await alice.conversations.create({ members: [bob.handle] });
  await impostorOf(bob, town);

  const create = alice.conversations.create({ members: [bob.handle] });
  await expect(create).rejects.toMatchObject({ code: 'IDENTITY_CHANGED', name: 'CryptoVerificationError' });
  expect(alice.conversations.list()).toHaveLength(1);

  // The person compares safety numbers, and goes on with the new key.
  expect(alice.contacts.hasChanged(bob.handle)).toBe(true);
  await verifyShown(alice, bob.handle);
  await expect(alice.conversations.create({ members: [bob.handle] })).resolves.toBeDefined();
});

test('another member adds an impostor: sending stops until the person has decided', async () => {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  await syncAll(alice, bob, carol);
  await alice.conversations.create({ members: [bob.handle] });
  const tea = await alice.conversations.create({ members: [carol.handle] });
  await carol.sync();
  const numberBefore = await alice.contacts.safetyNumber(bob.handle);
  await verifyShown(alice, bob.handle);

  const impostor = await impostorOf(bob, town);
  await same(carol, tea).members.add([bob.handle]);
  await syncAll(impostor, alice);
  await expect(tea.send('for Bob?')).rejects.toMatchObject({
    code: 'IDENTITY_CHANGED',
    details: { handle: bob.handle },
  });
  expect(alice.contacts.hasChanged(bob.handle)).toBe(true);
  expect(alice.contacts.isVerified(bob.handle)).toBe(false);
  expect(await alice.contacts.safetyNumber(bob.handle)).not.toBe(numberBefore);

  await verifyShown(alice, bob.handle);
  await tea.send('so it is the new Bob');
  await impostor.sync();
  expect(await textsOf(same(impostor, tea))).toEqual(['so it is the new Bob']);
});

test('a false key that the relay hands out once does not disturb conversations with the true one', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await verifyShown(alice, bob.handle);
  await impostorOf(bob, town);
  const create = () => alice.conversations.create({ members: [bob.handle] });
  await expect(create()).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
  expect(alice.contacts.hasChanged(bob.handle)).toBe(true);
  await tea.send('to the true Bob');

  await alice.contacts.reject(bob.handle, { safetyNumber: await alice.contacts.safetyNumber(bob.handle) });
  expect(alice.contacts.hasChanged(bob.handle)).toBe(false);
  expect(alice.contacts.isVerified(bob.handle)).toBe(true);
  await expect(create()).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
});

/** The two people have compared the number that is shown. */
async function verifyShown({ contacts }: Client, handle: string): Promise<void> {
  await contacts.verify(handle, { safetyNumber: await contacts.safetyNumber(handle) });
}
