import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Conversation } from '@quicprochat/sdk';
import { sqliteStorage } from '@quicprochat/sdk/node';
import type { DemoRelay } from './relay.ts';
import { findPlaintext } from './search.ts';

/** Bob's client makes fresh keys after so many messages; the real default is 100. */
const BOB_HEALS_AFTER = 8;

/**
 * Tells how a group heals, on real clients and a real relay. Each claim is measured as it is told.
 *
 * @returns whether every claim held
 */
export async function tell(relay: DemoRelay, folder: string): Promise<boolean> {
  const claims = new Claims();
  const open = (name: string, options: { handle?: string; update?: { afterMessages: number } } = {}) =>
    Client.create({
      relay: relay.url,
      live: false,
      storage: sqliteStorage(join(folder, `${name}.db`)),
      ...options,
    });
  const alice = await open('alice', { handle: 'alice' });
  const bob = await open('bob', { handle: 'bob', update: { afterMessages: BOB_HEALS_AFTER } });
  const carol = await open('carol', { handle: 'carol' });
  const everyone = [alice, bob, carol];
  const sent: string[] = [];
  const say = async (conversation: Conversation, text: string) => {
    sent.push(text);
    await conversation.send(text);
  };

  heading('Alice, Bob and Carol talk');
  const tea = await alice.conversations.create({ name: 'Tea at four', members: ['bob', 'carol'] });
  await syncAll(everyone);
  await say(tea, 'Alice: shall we meet at four?');
  await syncAll(everyone);
  await say(same(bob, tea), 'Bob: I bring the biscuits.');
  await syncAll(everyone);
  const authenticators = new Set(everyone.map((client) => same(client, tea).security.epochAuthenticator));
  claims.check(
    'everyone reads both messages',
    (await Promise.all(everyone.map((client) => countOf(same(client, tea))))).join(),
    '2,2,2',
  );
  claims.check('distinct epoch authenticators among three members', authenticators.size, 1);
  line(`suite: ${tea.security.suiteName}`);

  heading('A thief copies everything that Bob’s device has stored');
  await bob.close();
  await cp(join(folder, 'bob.db'), join(folder, 'thief.db'));
  const bobAgain = await open('bob', { update: { afterMessages: BOB_HEALS_AFTER } });
  const thief = await open('thief', { update: { afterMessages: 1_000 } });
  await say(tea, 'Alice: the code of the door is 4711.');
  await thief.sync();
  claims.check(
    'messages that the thief can read, the new one among them',
    await countOf(same(thief, tea)),
    3,
  );

  heading(`Bob’s client makes fresh keys by itself, after ${BOB_HEALS_AFTER} messages`);
  const before = tea.epoch;
  for (let i = 1; same(bobAgain, tea).epoch === before && i <= 2 * BOB_HEALS_AFTER; i++) {
    await say(tea, `Alice: filler number ${i}`);
    await syncAll([bobAgain, alice, carol]);
  }
  claims.check('epochs that Bob’s own policy moved the group', same(bobAgain, tea).epoch - before, 1);
  await thief.sync();
  const readable = await countOf(same(thief, tea));
  for (let i = 1; i <= 20; i++) await say(tea, `Alice: secret number ${i}`);
  await syncAll([bobAgain, carol]);
  await thief.sync().catch(() => undefined);
  claims.check(
    'of 20 messages after that, Bob reads',
    (await textsOf(same(bobAgain, tea))).filter(isSecret).length,
    20,
  );
  claims.check('of 20 messages after that, the thief reads', (await countOf(same(thief, tea))) - readable, 0);
  claims.check('the thief’s copy is now', same(thief, tea).state, 'stuck');

  heading('Carol is removed');
  const { epoch } = await tea.members.remove(['carol']);
  line(`epoch ${epoch}`);
  for (let i = 1; i <= 10; i++) await say(tea, `Alice: without Carol ${i}`);
  await syncAll([bobAgain, carol]);
  const late = (texts: string[]) => texts.filter((text) => text.includes('without Carol')).length;
  claims.check('of 10 messages after that, Bob reads', late(await textsOf(same(bobAgain, tea))), 10);
  claims.check('of 10 messages after that, Carol reads', late(await textsOf(same(carol, tea))), 0);

  heading('What the relay has of all that');
  const { bytes, found } = await findPlaintext(
    [join(folder, 'relay'), join(folder, 'relay.log')],
    [...sent, 'Tea at four'],
  );
  line(
    `searched ${bytes} bytes of its database and log for ${sent.length + 1} texts, as they are, in UTF-16, hex and base64`,
  );
  claims.check('texts found', found, 0);

  for (const client of [alice, bobAgain, carol, thief]) await client.close();
  return claims.conclude();
}

/** Prints each claim with what was measured, and remembers whether all held. */
class Claims {
  #failed = 0;
  #total = 0;

  check(claim: string, measured: string | number, expected: string | number): void {
    const holds = measured === expected;
    this.#total++;
    if (!holds) this.#failed++;
    line(`${holds ? '✓' : '✗'} ${claim}: ${measured}${holds ? '' : ` (expected ${expected})`}`);
  }

  conclude(): boolean {
    console.log(`\n${this.#total - this.#failed} of ${this.#total} claims held.`);
    return this.#failed === 0;
  }
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

function line(text: string): void {
  console.log(`  ${text}`);
}

async function syncAll(clients: readonly Client[]): Promise<void> {
  for (const client of clients) await client.sync();
}

function same(client: Client, conversation: Conversation): Conversation {
  return client.conversations.find(conversation.id);
}

async function textsOf(conversation: Conversation): Promise<string[]> {
  const messages = await conversation.history({ limit: 1_000 });
  return messages.flatMap(({ content }) => (content.type === 'text' ? [content.text] : []));
}

async function countOf(conversation: Conversation): Promise<number> {
  return (await textsOf(conversation)).length;
}

function isSecret(text: string): boolean {
  return text.includes('secret number');
}
