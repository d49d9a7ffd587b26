import { join } from 'node:path';
import type { RelayOptions } from '../servers/relay-process.ts';
import { relayOfFile, type Hooks } from './relay-of-file.ts';
import { stolenCopy } from './thief.ts';

/** What opening a client takes. */
interface Opening {
  relay: string;
  storage: unknown;
  handle?: string;
  live?: boolean;
}

/**
 * What people need of the SDK. It is an argument: the SDK's own tests use this, and a package cannot be built on one that
 * is built on it.
 */
export interface SdkOfPeople<Client, Options extends Opening> {
  open(options: Options): Promise<Client>;
  memoryStorage(): Options['storage'];
  sqliteStorage(path: string): Options['storage'];
}

/** A relay process for a test file, and people who use it. Everyone is closed after each test. */
export function people<Client extends { close(): Promise<void> }, Options extends Opening>(
  sdk: SdkOfPeople<Client, Options>,
  hooks: Hooks,
  relayOptions: RelayOptions = {},
) {
  const { relay, handleFor } = relayOfFile(hooks, relayOptions);
  const opened: Client[] = [];
  hooks.afterEach(async () => {
    await Promise.all(opened.splice(0).map((client) => client.close()));
  });

  const open = async (options: Partial<Options>): Promise<Client> => {
    const defaults: Opening = { relay: relay().url, storage: sdk.memoryStorage(), live: false };
    const client = await sdk.open({ ...defaults, ...options } as Options);
    opened.push(client);
    return client;
  };
  const settle = (name: string, options: Partial<Options> = {}) =>
    open({ handle: handleFor(name), ...options });
  const onDisk = (folder: string) =>
    ({ storage: sdk.sqliteStorage(join(folder, 'device.db')) }) as Partial<Options>;

  return {
    relay,
    open,
    /** A new account, under a handle that nobody else in this file has. */
    join: settle,
    /** A new account on a device in this folder, so that a thief can copy it. */
    joinIn: (folder: string, name: string, options: Partial<Options> = {}) =>
      settle(name, { ...onDisk(folder), ...options }),
    /** A copy of the device in this folder. */
    steal: async (folder: string) => open(onDisk(await stolenCopy(folder))),
  };
}
