import type { Client, KeySlot } from '@quicprochat/sdk';
import type { Command, Context } from '../command.ts';
import { CliError } from '../exit.ts';
import { table } from '../output.ts';
import { passphraseFrom } from '../passphrase.ts';
import { localTime } from '../time.ts';

const NEW_PASSPHRASE = {
  'new-passphrase-fd': {
    value: 'N',
    help: 'read the new passphrase from this file descriptor (default: QPC_NEW_PASSPHRASE)',
  },
};

export const listKeys: Command = {
  usage: 'keys',
  summary: 'show what opens this home; works while it is locked',
  details:
    'A home that has a slot of the kind “file” opens by itself. To lock it, add a passphrase and remove that slot:\n' +
    '  qpc keys add passphrase --new-passphrase-fd 0 <FILE\n' +
    '  qpc keys remove file\n' +
    'With --json: {locked, keys: [{id, kind, addedAt?}]}.',

  async run({ home, output }) {
    const { locked, slots } = await home.keySlots();
    const rows = slots.map(({ id, kind, addedAt }) => [
      id,
      kind,
      addedAt === undefined ? '' : localTime(addedAt),
    ]);
    await output.result(
      { locked, keys: slots.map(recordOf) },
      ...table(rows),
      locked ? 'This home is locked.' : 'This home opens by itself.',
    );
  },
};

export const addPassphrase: Command = {
  usage: 'keys add passphrase',
  summary: 'add a passphrase that opens this home',
  details:
    'A passphrase is never taken from the command line, where other users can read it. From a file:\n' +
    '  qpc keys add passphrase --new-passphrase-fd 0 <FILE\n' +
    'What opened the home before still opens it: to lock it, remove the slot “file” afterwards (qpc keys remove file).\n' +
    'With --json: {id, kind, addedAt}.',
  options: NEW_PASSPHRASE,

  async run(context) {
    const passphrase = await newPassphrase(context);
    await changing(context, (keys) => keys.addPassphrase(passphrase));
  },
};

export const addKeyFile: Command = {
  usage: 'keys add file',
  summary: 'let this home open by itself, with its key in a file beside it',
  details:
    'Whoever can read the file can then open the home: no passphrase is asked for any more.\n' +
    'To undo it, see qpc keys remove. With --json: {id, kind}.',

  run: (context) => changing(context, (keys) => keys.addAutomatic()),
};

export const changeKey: Command = {
  usage: 'keys change ID',
  summary: 'replace a passphrase that opens this home',
  details:
    'The earlier passphrase still opens copies of the home that were made before. With --json: {id, kind, addedAt}.',
  options: NEW_PASSPHRASE,

  async run(context) {
    const passphrase = await newPassphrase(context);
    const id = String(context.words[0]);
    await changing(context, (keys) => keys.change(id, { passphrase }));
  },
};

export const removeKey: Command = {
  usage: 'keys remove ID',
  summary: 'remove something that opens this home; without “file”, the home is locked',
  details:
    'The last one cannot be removed. The key can remain on the disk where “file” was: to be sure, register the home with\n' +
    'a passphrase from the start. With --json: {id}.',

  async run(context) {
    const id = String(context.words[0]);
    await withKeys(context, (keys) => keys.remove(id));
    await context.output.result({ id }, `Removed ${id}.`);
  },
};

async function changing(context: Context, change: (keys: Client['keys']) => Promise<KeySlot>): Promise<void> {
  const slot = await withKeys(context, change);
  await context.output.result(recordOf(slot), `This home can be opened by ${slot.kind} ${slot.id}.`);
}

/** Without a sync: what opens the home has nothing to do with the relay. */
async function withKeys<T>(
  { home, signal }: Context,
  work: (keys: Client['keys']) => Promise<T>,
): Promise<T> {
  const client = await home.open({ live: false, signal });
  try {
    return await work(client.keys);
  } finally {
    await client.close();
  }
}

async function newPassphrase({ options, env, signal }: Context): Promise<string> {
  const descriptor = options['new-passphrase-fd'] as string | undefined;
  if (descriptor !== undefined && descriptor === options['passphrase-fd'])
    throw new CliError(
      'USAGE',
      '--passphrase-fd and --new-passphrase-fd must be different file descriptors.',
    );
  const passphrase = await passphraseFrom('new-passphrase-fd', {
    descriptor,
    variable: env.QPC_NEW_PASSPHRASE,
    signal,
  });
  if (passphrase !== undefined) return passphrase;
  throw new CliError(
    'USAGE',
    'No new passphrase is given. Pass --new-passphrase-fd N, or set QPC_NEW_PASSPHRASE.',
  );
}

function recordOf({ id, kind, addedAt }: KeySlot): Record<string, unknown> {
  return { id, kind, ...(addedAt !== undefined && { addedAt }) };
}
