import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  Client,
  QuicprochatError,
  StorageError,
  UsageError,
  type KeySlot,
  type Storage,
} from '@quicprochat/sdk';
import { sqliteStorage } from '@quicprochat/sdk/node';
import { z } from 'zod';
import type { Env } from './env.ts';
import { CliError } from './exit.ts';
import { relayAddressSchema } from './relay-address.ts';

const configSchema = z.strictObject({ relay: relayAddressSchema });

interface OpenOptions {
  live: boolean;
  signal: AbortSignal;
}

/**
 * A folder with one account in it: `qpc.db` with everything the SDK keeps, and `config.json` with the relay's address.
 * Made for its owner alone; run.ts sets the umask for what SQLite adds beside it.
 */
export class Home {
  readonly path: string;
  /** What opens it if it is locked. A home that is registered with one is locked from the start. */
  passphrase: string | undefined;
  readonly #env: Env;
  #relayAsked: string | undefined;

  constructor(path: string | undefined, env: Env) {
    if (path === '') throw new CliError('USAGE', '--home must name a folder.');
    const chosen = path ?? env.QPC_HOME ?? join(env.HOME ?? homedir(), '.qpc');
    this.path = resolve(env.INIT_CWD ?? process.cwd(), chosen);
    this.#env = env;
  }

  /**
   * Registers a handle, or opens the account where it is registered here already. Notes the relay last: after a crash
   * in between, the same command goes on where it stopped.
   */
  async register(options: { handle: string; relay: string; signal: AbortSignal }): Promise<Client> {
    await this.#make();
    const client = await this.#client({ ...options, live: false }).catch(async (error: unknown) => {
      throw await this.#naming(error, options);
    });
    try {
      await this.#note(client.relay);
    } catch {
      await client.close();
      throw new CliError(
        'CONFIG',
        'The file config.json cannot be written in this home. Check the permissions and the disk.',
      );
    }
    return client;
  }

  /** Opens the account that is registered here. */
  async open(options: OpenOptions): Promise<Client> {
    const relay = await this.relay();
    if (relay !== undefined) return this.#client({ relay, ...options });
    throw notRegistered();
  }

  /** The address of the relay that this command talks to; undefined before it has opened the account. */
  get relayAsked(): string | undefined {
    return this.#relayAsked;
  }

  /** The relay of the account here; undefined if nobody is registered. */
  async relay(): Promise<string | undefined> {
    const text = await readFile(this.#configFile, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw new CliError(
        'CONFIG',
        'The file config.json in this home cannot be read. Check its permissions and the folder’s, or choose another home with --home.',
      );
    });
    if (text === undefined) return undefined;
    const config = configSchema.safeParse(parseJson(text));
    if (config.success) return config.data.relay;
    throw new CliError(
      'CONFIG',
      'The file config.json in this home is damaged. Restore it, or choose another home with --home.',
    );
  }

  /** What opens this home, which may be locked. */
  async keySlots(): Promise<{ locked: boolean; slots: KeySlot[] }> {
    if ((await this.relay()) === undefined) throw notRegistered();
    const storage = await this.#storage();
    try {
      // Opening it made a new database if somebody had deleted the one before.
      if ((await storage.generation()) === 0) throw notRegistered();
      const slots = await Client.keySlots(storage);
      if (slots.length === 0)
        throw new StorageError('STORE_KEY_MISSING', 'The key of this home is missing. Put it back.');
      return { locked: await Client.isLocked(storage), slots };
    } finally {
      await storage.close();
    }
  }

  #storage(): Promise<Storage> {
    return sqliteStorage(join(this.path, 'qpc.db'));
  }

  #client(options: OpenOptions & { relay: string; handle?: string }): Promise<Client> {
    this.#relayAsked = options.relay;
    const { QPC_UPDATE_AFTER_MESSAGES: afterMessages, QPC_UPDATE_AFTER_MS: afterMs } = this.#env;
    const update = {
      ...(afterMessages !== undefined && { afterMessages }),
      ...(afterMs !== undefined && { afterMs }),
    };
    const { passphrase } = this;
    return Client.create({
      ...options,
      update,
      storage: this.#storage(),
      ...(passphrase !== undefined && { unlock: { passphrase } }),
    });
  }

  /** The same error; if the home belongs to another handle or relay, with what the person needs to know of it. */
  async #naming(error: unknown, options: { relay: string; signal: AbortSignal }): Promise<unknown> {
    if (!(error instanceof QuicprochatError)) return error;
    const relay = (await this.relay()) ?? options.relay;
    if (error.code === 'RELAY_MISMATCH')
      return new UsageError(error.code, error.message, { details: { relay } });
    if (error.code !== 'HANDLE_MISMATCH') return error;
    const client = await this.#client({ relay, live: false, signal: options.signal }).catch(() => undefined);
    await client?.close();
    return new UsageError(error.code, error.message, { details: { handle: client?.handle } });
  }

  /** An existing folder keeps the rights that it has: it may be someone's home, or the root. */
  async #make(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
    } catch {
      throw new CliError('CONFIG', 'The home folder cannot be created. Choose another one with --home.');
    }
  }

  async #note(relay: string): Promise<void> {
    const fresh = `${this.#configFile}.${process.pid}`;
    await writeFile(fresh, `${JSON.stringify({ relay })}\n`, { mode: 0o600 });
    await rename(fresh, this.#configFile);
  }

  get #configFile(): string {
    return join(this.path, 'config.json');
  }
}

function notRegistered() {
  return new CliError(
    'NOT_REGISTERED',
    'Nobody is registered in this home. Run qpc register HANDLE --relay URL, or choose another home with --home.',
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
