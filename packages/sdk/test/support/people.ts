import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Client, type ClientOptions } from '../../src/api/client.ts';
import type { Conversation } from '../../src/api/conversation.ts';
import type { Message } from '../../src/model/message.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import { sqliteStorage } from '../../src/storage/sqlite.ts';

/** A relay process for a test file, with more environment where it is given, and people who use it; everyone is closed after each test. */
export function people(env: Record<string, string> = {}) {
  let relay: RelayProcess;
  let counter = 0;
  const open: Client[] = [];

  beforeAll(async () => {
    relay = await startRelay({ env });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((client) => client.close()));
  });
  afterAll(() => relay.kill());

  return {
    relay: () => relay,
    /** A new account, under a handle that nobody else in this file has. */
    async join(name: string, options: Partial<ClientOptions> = {}): Promise<Client> {
      return this.open({ handle: `${name}-${++counter}`, ...options });
    },
    /** A new account on a device in this folder, so that a thief can copy it. */
    async joinIn(folder: string, name: string, options: Partial<ClientOptions> = {}): Promise<Client> {
      return this.join(name, { storage: sqliteStorage(join(folder, 'device.db')), ...options });
    },
    /** A copy of the device in this folder. */
    async steal(folder: string): Promise<Client> {
      const loot = await mkdtemp(join(tmpdir(), 'qpc-thief-'));
      await cp(folder, loot, { recursive: true });
      return this.open({ storage: sqliteStorage(join(loot, 'device.db')) });
    },
    async open(options: Partial<ClientOptions>): Promise<Client> {
      const client = await Client.create({
        relay: relay.url,
        storage: memoryStorage(),
        live: false,
        ...options,
      });
      open.push(client);
      return client;
    },
  };
}

/** Everyone takes in what there is, twice: what one does for another is there for the second round. */
export async function syncAll(...clients: Client[]): Promise<void> {
  for (let round = 0; round < 2; round++) for (const client of clients) await client.sync();
}

/** The conversation that a client has under this id. */
export function same(client: Client, conversation: Conversation): Conversation {
  return client.conversations.find(conversation.id);
}

export async function textsOf(conversation: Conversation): Promise<string[]> {
  const messages = await conversation.history({ limit: 1_000 });
  return messages.flatMap(({ content }) => (content.type === 'text' ? [content.text] : []));
}

export async function contentsOf(conversation: Conversation): Promise<Message['content'][]> {
  return (await conversation.history({ limit: 1_000 })).map(({ content }) => content);
}
