import { people as peopleOf } from '@quicprochat/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Client, type ClientOptions } from '../../src/api/client.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import { sqliteStorage } from '../../src/storage/sqlite.ts';

export { contentsOf, same, syncAll, textsOf } from '@quicprochat/testkit';

const sdk = {
  open: (options: ClientOptions) => Client.create(options),
  memoryStorage,
  sqliteStorage,
};

/** A relay process for a test file, with more environment if it is given, and people who use it. */
export function people(env: Record<string, string> = {}) {
  return peopleOf(sdk, { beforeAll, afterEach, afterAll }, { env });
}
