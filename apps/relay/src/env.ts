import { z } from 'zod';

/**
 * Every variable of the project, read once. An unknown `QPC_…` is most likely a misspelt one, so it stops the start as
 * a malformed one does. `.env.example` describes them, and a test holds the two together.
 */
const port = z.coerce.number().int().min(0).max(65_535);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

export const envSchema = z.strictObject({
  QPC_PORT: port.default(4000),
  QPC_ADMIN_PORT: port.default(4001),
  QPC_HOST: z.string().min(1).default('127.0.0.1'),
  QPC_DATABASE: z
    .string()
    .regex(/^(sqlite:.+|postgres:\/\/.+)$/, 'use sqlite:PATH or postgres://…')
    .default('sqlite:.qpc/relay.db'),
  QPC_ORIGINS: list.default(['http://localhost:3000', 'http://127.0.0.1:3000']),
  QPC_PUBLIC_HOSTS: list.default([]),
  QPC_RATE_FACTOR: z.coerce.number().positive().default(1),
  QPC_LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  QPC_HOME: z.string().optional(),
  QPC_RELAY: z.url().optional(),
  QPC_WEB_PORT: port.optional(),
  QPC_UPDATE_AFTER_MESSAGES: z.coerce.number().int().positive().optional(),
  QPC_UPDATE_AFTER_MS: z.coerce.number().int().positive().optional(),
  QPC_KAT_DIR: z.string().optional(),
});

export type Env = z.infer<typeof envSchema>;

/**
 * The variables of a process environment, or one sentence for each that is wrong. Values are not repeated: a database
 * address can hold a password.
 */
export function parseEnv(environment: Record<string, string | undefined>): Env | { problems: string[] } {
  const ours = Object.entries(environment).filter(([name, value]) => name.startsWith('QPC_') && value !== '');
  const parsed = envSchema.safeParse(Object.fromEntries(ours));
  if (parsed.success) return parsed.data;
  return { problems: parsed.error.issues.flatMap(describe) };
}

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${key} is not a variable of quicprochat: see .env.example.`);
  }
  return [`${issue.path.join('.')} is malformed: ${issue.message}.`];
}
