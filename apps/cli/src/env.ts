import { z } from 'zod';
import { CliError } from './errors.ts';

/** The variables that qpc reads. `.env.example` describes them. */
const schema = z.object({
  QPC_HOME: z.string().min(1).optional(),
  QPC_RELAY: z.url({ protocol: /^https?$/ }).optional(),
  QPC_UPDATE_AFTER_MESSAGES: z.coerce.number().int().positive().optional(),
  QPC_UPDATE_AFTER_MS: z.coerce.number().int().positive().optional(),
  /** Where the person stood when a package manager changed the folder. */
  INIT_CWD: z.string().optional(),
  HOME: z.string().optional(),
});

export type Env = z.infer<typeof schema>;

/** @throws {CliError} CONFIG, naming the variable that is malformed */
export function readEnv(environment: NodeJS.ProcessEnv): Env {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  const name = parsed.error.issues[0]?.path.join('.') ?? 'a variable';
  throw new CliError('CONFIG', `${name} is malformed: see .env.example.`);
}
