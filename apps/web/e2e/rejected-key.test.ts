import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client, memoryStorage } from '@quicprochat/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage, type Person } from './browser.ts';

describe.skipIf(!hasBrowser)('an account key that the person has rejected', () => {
  let stage: Stage;
  let alice: Person;
  const clients: Client[] = [];
  beforeAll(async () => {
    stage = await Stage.open();
    alice = await stage.person('alice');
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await stage[Symbol.asyncDispose]();
  });

  test('is named in the thread, with what to do, until nobody uses it there any more', async () => {
    const [bob, carol] = [await register('bob'), await register('carol')];
    await alice.createConversation('With Bob', ['bob']);
    await forgetAccount(bob);
    await register('bob');
    const tea = await carol.conversations.create({ name: 'Tea', members: ['alice', 'bob'] });
    const { page } = alice;
    await alice.openConversation('Tea');

    await page.getByText('The account key of bob has changed').waitFor();
    await page.getByRole('button', { name: 'Compare' }).click();
    const row = page.getByRole('listitem').filter({ hasText: 'bob' }).last();
    await row.getByText('Safety number').click();
    await row.getByRole('button', { name: 'It does not match: reject the new key' }).click();
    const notice = page
      .getByRole('alert')
      .filter({ hasText: 'You rejected the account key that bob uses here' });
    await notice.waitFor();
    await row.getByText('key rejected').waitFor();
    await alice.send('refused');
    await page.getByRole('alert').getByText('Not sent. The notice above says why').waitFor();

    await notice.getByRole('button', { name: 'Open People' }).click();
    await page.getByRole('listitem').filter({ hasText: 'bob' }).getByText('key rejected').waitFor();
    await page.getByRole('button', { name: 'Remove bob' }).click();
    await page.getByRole('dialog').last().getByRole('button', { name: 'Remove', exact: true }).click();
    await notice.waitFor({ state: 'detached' });
    await page.getByLabel('Message', { exact: true }).fill('');
    await alice.send('only for carol');
    await expect.poll(() => tea.lastMessage?.content).toEqual({ type: 'text', text: 'only for carol' });

    // If the earlier key is in use, nothing is wrong.
    await alice.openConversation('With Bob');
    expect(await page.getByText('You rejected').count()).toBe(0);
  });

  test('no page complained', () => {
    expect(stage.complaints).toEqual([]);
  });

  async function register(handle: string): Promise<Client> {
    const client = await Client.create({ relay: stage.relay.url, storage: memoryStorage(), handle });
    clients.push(client);
    return client;
  }

  /** As a hostile relay does, so that somebody else can register the handle. */
  async function forgetAccount({ handle, deviceId }: Client): Promise<void> {
    const database = new DatabaseSync(join(stage.relay.folder, 'relay.db'));
    database.exec('PRAGMA busy_timeout = 5000');
    database.prepare('DELETE FROM key_packages WHERE device_id = ?').run(deviceId);
    database.prepare('DELETE FROM devices WHERE handle = ?').run(handle);
    expect(database.prepare('DELETE FROM accounts WHERE handle = ?').run(handle).changes).toBe(1);
    database.close();
  }
});
