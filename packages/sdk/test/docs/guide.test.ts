/** The code of the SDK guide (docs/src/sdk/guide.md), as it runs: the page includes the parts between the anchors. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
// ANCHOR: imports
import { Client, memoryStorage, QuicprochatError, toSentence } from '@quicprochat/sdk';
import { sqliteStorage } from '@quicprochat/sdk/node';
// ANCHOR_END: imports

let relayProcess: RelayProcess;
let relay: string;
let folder: string;
beforeAll(async () => {
  relayProcess = await startRelay();
  relay = relayProcess.url;
  folder = await mkdtemp(join(tmpdir(), 'qpc-guide-'));
});
afterAll(() => relayProcess.stop());

test('open, talk, change members, look at the keys, close', async () => {
  await using bob = await Client.create({ relay, handle: 'bob', storage: memoryStorage() });
  await using carol = await Client.create({ relay, handle: 'carol', storage: memoryStorage() });

  // ANCHOR: open
  const alice = await Client.create({
    relay,
    handle: 'alice', // needed the first time; afterwards the storage knows it
    storage: sqliteStorage(join(folder, 'alice.db')),
  });
  // ANCHOR_END: open

  // ANCHOR: talk
  const tea = await alice.conversations.create({ name: 'Tea', members: ['bob'] });
  const { id, epoch } = await tea.send('Shall we?'); // resolves when the relay has it
  // ANCHOR_END: talk
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(epoch).toBe(1);

  await eventually('Bob is in', () => bob.conversations.list().length === 1);
  // ANCHOR: listen
  const stop = new AbortController();
  const invitation = bob.conversations.list()[0];
  for await (const message of invitation?.messages({ after: 0, signal: stop.signal }) ?? []) {
    if (message.content.type === 'text') {
      console.log(`${message.from}: ${message.content.text}`);
      stop.abort();
    }
  }
  // ANCHOR_END: listen

  // ANCHOR: members
  await tea.members.add(['carol']);
  await tea.members.remove(['carol']);
  await tea.heal(); // fresh keys for this device, now
  // ANCHOR_END: members
  expect(tea.epoch).toBe(4);

  // ANCHOR: security
  const { suiteName, epochAuthenticator, lastHealedAtMs, members } = tea.security;
  const number = await alice.contacts.safetyNumber('bob'); // 60 digits, the same on both sides
  await alice.contacts.verify('bob', { safetyNumber: number }); // the two people have compared it
  // ANCHOR_END: security
  expect([suiteName, epochAuthenticator, lastHealedAtMs, members.length, number]).toEqual([
    expect.stringContaining('ML-KEM-768'),
    expect.stringMatching(/^[0-9a-f]{64}$/),
    expect.any(Number),
    2,
    expect.stringMatching(/\d/),
  ]);

  // ANCHOR: close
  await alice.close(); // or: await using alice = await Client.create(…)
  // ANCHOR_END: close
  expect(carol.connection).not.toBe('closed');
});

test('lock a storage, and open it with its passphrase', async () => {
  const path = join(folder, 'frida.db');
  const frida = await Client.create({ relay, handle: 'frida', storage: sqliteStorage(path) });
  // ANCHOR: lock
  const { keys } = frida;
  await keys.addPassphrase('correct horse battery staple');
  for (const { id, kind } of await keys.list())
    if (kind === 'file' || kind === 'device') await keys.remove(id); // nothing opens it without asking any more
  await frida.close(); // it is locked from here on
  // ANCHOR_END: lock
  const ask = async () => 'correct horse battery staple';
  // ANCHOR: unlock
  const storage = await sqliteStorage(path);
  const isLocked = await Client.isLocked(storage);
  await using again = await Client.create({
    relay,
    storage,
    ...(isLocked && { unlock: { passphrase: await ask() } }),
  });
  // ANCHOR_END: unlock
  expect([isLocked, again.handle]).toEqual([true, 'frida']);
});

test('errors have a code, and read as a sentence', async () => {
  await using dora = await Client.create({ relay, handle: 'dora', storage: memoryStorage() });
  const shown: string[] = [];
  const show = (sentence: string) => shown.push(sentence);
  // ANCHOR: errors
  try {
    await dora.conversations.create({ members: ['nobody-has-this-handle'] });
  } catch (error) {
    if (error instanceof QuicprochatError && error.code === 'NOT_FOUND')
      show('Check the spelling of the handle.');
    else show(toSentence(error)); // one sentence for a person, never a stack
  }
  // ANCHOR_END: errors
  expect(shown).toEqual(['Check the spelling of the handle.']);
});

test('a program that does not stay, and a policy of its own', async () => {
  // ANCHOR: one-shot
  await using client = await Client.create({
    relay,
    handle: 'emil',
    storage: sqliteStorage(join(folder, 'emil.db')),
    live: false, // no streams: only calls talk to the relay
    update: { afterMessages: 20, afterMs: 10 * 60_000 }, // heal after 20 messages or 10 minutes of activity
  });
  await client.sync(); // one pass: invitations, logs, what waits to be sent, healing that is due
  // ANCHOR_END: one-shot
  expect(client.conversations.list()).toEqual([]);
});
