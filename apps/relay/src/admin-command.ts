import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  BackupError,
  dayOf,
  expire,
  expireBlobs,
  openSqlite,
  problemsOf,
  removeAccount,
  removeGroup,
  sqliteBackup,
  sqliteProblems,
  statsOf,
  type Db,
} from '@quicprochat/relay';
import { openBlobs } from './blobs.ts';
import { parseEnv, type Env } from './env.ts';
import { faultOf } from './fault.ts';
import { storeSentenceOf } from './sentences.ts';

/** What the process tells its caller, as qpc does. */
const EXIT = { done: 0, failed: 1, usage: 2, config: 3 } as const;

const HELP = `Usage: qpc-relay admin COMMAND [--json]. It works on the store at QPC_DATABASE, even while a relay serves it.

  stats                          shows how much is stored
  check                          checks that the store is whole; ends with 1 if it is not
  backup FILE                    writes a checked copy of the store as it is now
  restore FILE                   replaces the store with a backup; stop the relay first
  expire                         deletes expired data, as the relay does each minute
  remove HANDLE [--free-handle]  deletes an account; the handle stays taken unless you free it
  remove-group ID                deletes a group for all of its members`;

/** A refusal in a sentence for the operator. */
class AdminError extends Error {
  readonly exit: number;
  constructor(exit: number, message: string) {
    super(message);
    this.exit = exit;
  }
}

interface Command {
  /** What has to be named after the command. */
  operand: string | undefined;
  run: (
    path: string,
    operand: string,
    options: { freeHandle: boolean; env: Env },
  ) => Promise<Record<string, unknown>>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  stats: { operand: undefined, run: (path) => withStore(path, async (db) => ({ ...(await statsOf(db)) })) },
  check: { operand: undefined, run: (path) => withStore(path, check) },
  expire: {
    operand: undefined,
    run: (path, _operand, { env }) => withStore(path, (db) => expireAll(db, env)),
  },
  backup: {
    operand: 'FILE',
    run: async (path, file) => {
      await sqliteBackup(path).backup(resolve(file));
      return { backup: resolve(file) };
    },
  },
  restore: {
    operand: 'FILE',
    run: async (path, file) => {
      await sqliteBackup(path).restore(resolve(file));
      const aside = `${resolve(path)}.replaced`;
      return { restored: resolve(path), ...(existsSync(aside) && { keptAside: aside }) };
    },
  },
  remove: {
    operand: 'HANDLE',
    run: (path, handle, options) =>
      withStore(path, async (db) => {
        if (!(await removeAccount(db, handle, options)))
          throw new AdminError(EXIT.failed, 'No account has this handle.');
        return { removed: true, handle: options.freeHandle ? 'free' : 'taken' };
      }),
  },
  'remove-group': {
    operand: 'ID',
    run: (path, id) =>
      withStore(path, async (db) => {
        if (!(await removeGroup(db, id, dayOf(Date.now()))))
          throw new AdminError(EXIT.failed, 'No group has this id.');
        return { removed: true };
      }),
  },
};

/** Carries out `qpc-relay admin …` and gives the exit code. */
export async function admin(
  words: readonly string[],
  environment: Record<string, string | undefined>,
): Promise<number> {
  try {
    const { name, operand, options } = understood(words);
    if (name === 'help') return say(HELP);
    const command = commandOf(name, operand);
    const { path, env } = storeOf(environment);
    const answer = await command.run(path, operand ?? '', { ...options, env });
    say(options.json ? JSON.stringify(answer) : linesOf(answer));
    return 'problems' in answer && (answer['problems'] as string[]).length > 0 ? EXIT.failed : EXIT.done;
  } catch (error) {
    const message = sentenceOf(error);
    console.error(words.includes('--json') ? JSON.stringify({ error: { message } }) : message);
    return error instanceof AdminError ? error.exit : EXIT.failed;
  }
}

function commandOf(name: string, operand: string | undefined): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw misused(`There is no command ${name}.`);
  if (command.operand !== undefined && operand === undefined)
    throw misused(`${name} needs ${command.operand}.`);
  if (command.operand === undefined && operand !== undefined) throw misused(`${name} takes no argument.`);
  return command;
}

function misused(what: string): AdminError {
  return new AdminError(EXIT.usage, `${what}\n${HELP}`);
}

function sentenceOf(error: unknown): string {
  if (error instanceof AdminError || error instanceof BackupError) return error.message;
  return storeSentenceOf(error) ?? `The store failed (${faultOf(error)}).`;
}

function understood(words: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, help: { type: 'boolean' }, 'free-handle': { type: 'boolean' } },
    });
    const [name, operand, ...rest] = positionals;
    if (values.help === true) return { name: 'help', operand: undefined, options: none };
    if (name === undefined || rest.length > 0 || (values['free-handle'] === true && name !== 'remove'))
      throw new AdminError(EXIT.usage, HELP);
    const options = { json: values.json === true, freeHandle: values['free-handle'] === true };
    return { name, operand, options };
  } catch {
    throw new AdminError(EXIT.usage, HELP);
  }
}

const none = { json: false, freeHandle: false };

/** The file of the store; what keeps its data elsewhere is copied with its own tools. */
function storeOf(environment: Record<string, string | undefined>): { path: string; env: Env } {
  const env = parseEnv(environment);
  if ('problems' in env) throw new AdminError(EXIT.config, env.problems.join('\n'));
  const path = env.QPC_DATABASE.slice('sqlite:'.length);
  if (!env.QPC_DATABASE.startsWith('sqlite:') || path === ':memory:')
    throw new AdminError(EXIT.config, 'This command works on a file only. Set QPC_DATABASE to sqlite:PATH.');
  return { path, env };
}

async function withStore<T>(path: string, work: (db: Db) => Promise<T>): Promise<T> {
  if (!existsSync(path))
    throw new AdminError(EXIT.config, 'There is no database at QPC_DATABASE. Check the path.');
  const db = await openSqlite(path);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function check(db: Db) {
  const problems = await sqliteProblems(db);
  // Of a damaged file, nothing else can be told.
  if (problems.length === 0) problems.push(...(await problemsOf(db)));
  return { whole: problems.length === 0, problems };
}

/** Pass by pass, until there is nothing left. */
async function expireAll(db: Db, env: Env) {
  const total = { keyPackages: 0, spentKeyPackages: 0, welcomes: 0, blobs: 0 };
  const store = await openBlobs(env);
  for (let more = true; more;) {
    const { keyPackages, spentKeyPackages, welcomes } = await expire(db, Date.now());
    const blobs = store === undefined ? 0 : await expireBlobs(db, store, Date.now());
    total.keyPackages += keyPackages;
    total.spentKeyPackages += spentKeyPackages;
    total.welcomes += welcomes;
    total.blobs += blobs;
    more = keyPackages + spentKeyPackages + welcomes + blobs > 0;
  }
  return total;
}

function linesOf(answer: Record<string, unknown>): string {
  return Object.entries(answer)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join('; ') || 'none' : String(value)}`)
    .join('\n');
}

function say(text: string): number {
  console.log(text);
  return EXIT.done;
}
