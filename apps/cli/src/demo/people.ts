import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, QuicprochatError, type Conversation } from '@quicprochat/sdk';
import { sqliteStorage } from '@quicprochat/sdk/node';
import type { DemoRelay } from './relay.ts';

export interface Person {
  name: string;
  /** Where everything is that this person's device has stored. */
  folder: string;
  client: Client;
}

/**
 * A person with a client on a folder of their own: a new account, or the one that stands there already.
 *
 * @param options.healAfter the client makes fresh keys after so many messages; the SDK's own default is 100
 * @param options.isCopy whether what stands there is a copy of another person's
 */
export async function person(
  relay: DemoRelay,
  name: string,
  { healAfter, isCopy = false }: { healAfter?: number; isCopy?: boolean } = {},
): Promise<Person> {
  const folder = join(relay.folder, name);
  await mkdir(folder, { recursive: true });
  const client = await Client.create({
    relay: relay.url,
    storage: sqliteStorage(join(folder, 'qpc.db')),
    // Each step of the story is asked for, so that it is told in the same order every time.
    live: false,
    ...(!isCopy && { handle: name }),
    ...(healAfter !== undefined && { update: { afterMessages: healAfter } }),
  });
  return { name, folder, client };
}

/** The conversation of an id, as this person's device knows it. */
export function view({ client }: Person, id: string): Conversation {
  return client.conversations.find(id);
}

/** Everyone takes in what the relay has for them. */
export async function syncAll(people: readonly Person[]): Promise<void> {
  for (const { client } of people) await client.sync();
}

/** Which of these texts stand in the person's history: decrypted there, and nowhere else. */
export async function readBy(reader: Person, id: string, texts: readonly string[]): Promise<string[]> {
  const history = await view(reader, id).history({ limit: 10_000 });
  const decrypted = new Set(
    history.map(({ content }) => (content.type === 'text' ? content.text : undefined)),
  );
  return texts.filter((text) => decrypted.has(text));
}

/** What an attempt ends with: the error's code, or `done`. */
export async function outcome(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt();
    return 'done';
  } catch (error) {
    return error instanceof QuicprochatError ? error.code : 'INTERNAL';
  }
}
