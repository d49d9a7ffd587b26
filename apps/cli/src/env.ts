import { z } from 'zod';
import { CliError } from './exit.ts';
import { relayAddressSchema } from './relay-address.ts';

const count = z.coerce.number().int().positive();

/** The variables that qpc reads. `.env.example` describes them. */
const schema = z.object({
  QPC_HOME: z.string().optional(),
  QPC_PASSPHRASE: z.string().max(1_024).optional(),
  QPC_NEW_PASSPHRASE: z.string().max(1_024).optional(),
  QPC_RELAY: relayAddressSchema.optional(),
  /** The core counts in 32 bits. */
  QPC_UPDATE_AFTER_MESSAGES: count.max(0xffff_ffff).optional(),
  QPC_UPDATE_AFTER_MS: count.optional(),
  /** Where the person stood when a package manager changed the folder. */
  INIT_CWD: z.string().optional(),
  HOME: z.string().optional(),
});

export type Env = z.infer<typeof schema>;

/**
 * Variables that start like ours and are none of them are misspelt. All other `QPC_…` are the relay's to judge: both
 * can run in one shell.
 */
const OURS = /^QPC_(HOME|RELAY|UPDATE|PASSPHRASE|NEW)/;

/** @throws {CliError} CONFIG, naming the variable that is malformed or unknown; values are never repeated */
export function readEnv(environment: NodeJS.ProcessEnv): Env {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const unknown = Object.keys(present).find((name) => OURS.test(name) && !(name in schema.shape));
  if (unknown !== undefined) throw new CliError('CONFIG', `qpc has no variable ${unknown}. See qpc --help.`);
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  const name = parsed.error.issues[0]?.path.join('.') ?? 'A variable';
  throw new CliError('CONFIG', `${name} is malformed. See qpc --help.`);
}
