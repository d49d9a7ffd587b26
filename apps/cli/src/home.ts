import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from '@quicprochat/sdk';
import { sqliteStorage } from '@quicprochat/sdk/node';
import { z } from 'zod';
import type { Env } from './env.ts';
import { CliError } from './errors.ts';

const configSchema = z.strictObject({ relay: z.url({ protocol: /^https?$/ }) });

/** A folder with one account in it: its database, and which relay it belongs to. Only its owner may read it. */
export class Home {
  readonly path: string;
  readonly #env: Env;

  constructor(path: string | undefined, env: Env) {
    const chosen = path ?? env.QPC_HOME ?? join(env.HOME ?? homedir(), '.qpc');
    this.path = resolve(env.INIT_CWD ?? process.cwd(), chosen);
    this.#env = env;
  }

  /** Registers a handle, and notes the relay once that has succeeded. */
  async register(handle: string, relay: string): Promise<Client> {
    await this.#make();
    const client = await this.#client({ relay, handle, live: false });
    await writeFile(this.#configFile, `${JSON.stringify({ relay })}\n`, { mode: 0o600 });
    return client;
  }

  /** Opens the account that is registered here. */
  async open({ live }: { live: boolean }): Promise<Client> {
    return this.#client({ relay: await this.#relay(), live });
  }

  #client(options: { relay: string; handle?: string; live: boolean }): Promise<Client> {
    const { QPC_UPDATE_AFTER_MESSAGES: afterMessages, QPC_UPDATE_AFTER_MS: afterMs } = this.#env;
    const update = { ...(afterMessages && { afterMessages }), ...(afterMs && { afterMs }) };
    return Client.create({ ...options, update, storage: sqliteStorage(join(this.path, 'qpc.db')) });
  }

  async #make(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      await chmod(this.path, 0o700);
    } catch {
      throw new CliError(
        'CONFIG',
        'The home folder cannot be made or is not ours: choose another with --home.',
      );
    }
  }

  async #relay(): Promise<string> {
    const text = await readFile(this.#configFile, 'utf8').catch(() => undefined);
    if (text === undefined) {
      throw new CliError(
        'CONFIG',
        'Nobody is registered in this home: qpc --home DIR register HANDLE --relay URL.',
      );
    }
    const config = configSchema.safeParse(parseJson(text));
    if (!config.success)
      throw new CliError('CONFIG', 'The file config.json in this home is not what qpc wrote.');
    return config.data.relay;
  }

  get #configFile(): string {
    return join(this.path, 'config.json');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
