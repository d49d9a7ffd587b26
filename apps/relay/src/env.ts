import { isIP } from 'node:net';
import { PUSH_HOSTS } from '@quicprochat/relay';
import { z } from 'zod';

/**
 * Every variable of the project, read once. An unknown `QPC_…` is most likely a misspelt one, so it stops the start as
 * a malformed one does. `.env.example` describes them, and a test holds the two together.
 */
const port = number('a port number from 0 to 65535', z.int().min(0).max(65_535));
const count = number('an integer of at least 1', z.int().min(1));
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const origin = /^(\*|https?:\/\/[^/\s]+)$/;
const pushHost = /^(\*\.)?[^/\s@*]+$/;
const host = /^[^/\s@]+$/;
const nats = 'addresses like nats://localhost:4222, separated by commas';
const flag = z.enum(['true', 'false'], 'true or false').transform((value) => value === 'true');

export const envSchema = z.strictObject({
  QPC_PORT: port.default(4000),
  QPC_ADMIN_PORT: port.default(4001),
  QPC_HOST: z.string().default('127.0.0.1'),
  QPC_ADMIN_HOST: z.string().default('127.0.0.1'),
  QPC_DATABASE: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'sqlite:PATH or postgres://…')
    .default('sqlite:.qpc/relay.db'),
  QPC_MIN_FREE_BYTES: number('an integer of at least 0', z.int().min(0)).default(64 * 1024 ** 2),
  QPC_BLOBS: z
    .string()
    .regex(/^(folder:.+|s3:\/\/[a-z0-9][a-z0-9.-]+(\/[\w.-]+)*)$/, 'folder:PATH or s3://BUCKET')
    .optional(),
  QPC_BLOBS_MIN_FREE_BYTES: number('an integer of at least 0', z.int().min(0)).default(1024 ** 3),
  QPC_S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'an address like https://s3.example' }).optional(),
  QPC_S3_REGION: z.string().default('us-east-1'),
  QPC_S3_ACCESS_KEY_ID: z.string().optional(),
  QPC_S3_SECRET_ACCESS_KEY: z.string().optional(),
  QPC_NATS: list.pipe(z.array(z.url({ protocol: /^nats$/, error: nats })).min(1, nats)).optional(),
  QPC_ORIGINS: list
    .pipe(z.array(z.string().regex(origin, 'web origins like https://chat.example, separated by commas')))
    .optional(),
  QPC_PUBLIC_HOSTS: list
    .pipe(
      z.array(
        z.string().regex(host, 'host names like relay.example or relay.example:4000, separated by commas'),
      ),
    )
    .default([]),
  QPC_TRUSTED_PROXY: list
    .pipe(
      z.array(
        z
          .string()
          .refine(isNetwork, 'addresses or networks like 10.0.0.2 or 10.0.0.0/24, separated by commas'),
      ),
    )
    .default([]),
  QPC_PUSH_HOSTS: list
    .pipe(
      z.array(
        z.string().regex(pushHost, 'host names like push.example or *.push.example, separated by commas'),
      ),
    )
    .default([...PUSH_HOSTS]),
  QPC_PRODUCTION: flag.default(false),
  QPC_RATE_FACTOR: number('a number above 0', z.number().positive()).default(1),
  QPC_MAX_CALLS: count.default(2_000),
  QPC_MAX_STREAMS: count.default(25_000),
  QPC_MAX_UPLOADS: count.default(64),
  QPC_LOG_LEVEL: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'], 'silent, error, warn, info or debug')
    .default('info'),
  QPC_HOME: z.string().optional(),
  QPC_PASSPHRASE: z.string().optional(),
  QPC_NEW_PASSPHRASE: z.string().optional(),
  QPC_RELAY: z.url({ protocol: /^https?$/, error: 'an address like http://localhost:4000' }).optional(),
  QPC_WEB_PORT: port.optional(),
  QPC_UPDATE_AFTER_MESSAGES: count.optional(),
  QPC_UPDATE_AFTER_MS: count.optional(),
  QPC_KAT_DIR: z.string().optional(),
});

export type Env = z.infer<typeof envSchema> & { QPC_ORIGINS: string[] };

/**
 * The variables of a process environment, or one sentence for each that is wrong. Values are not repeated: a database
 * address can hold a password.
 */
export function parseEnv(environment: Record<string, string | undefined>): Env | { problems: string[] } {
  const ours = Object.entries(environment).filter(([name, value]) => name.startsWith('QPC_') && value !== '');
  const parsed = envSchema.safeParse(Object.fromEntries(ours));
  if (parsed.success) {
    const { QPC_ORIGINS = developmentOrigins(parsed.data.QPC_WEB_PORT) } = parsed.data;
    return { ...parsed.data, QPC_ORIGINS };
  }
  return { problems: [...new Set(parsed.error.issues.flatMap(describe))] };
}

/** The pages of `pnpm dev`, which reads the same variable for its port. */
function developmentOrigins(webPort = 3000): string[] {
  return [`http://localhost:${webPort}`, `http://127.0.0.1:${webPort}`];
}

/** An address, or a network with its length in bits. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** A number as an environment carries it. `Number` alone would take blanks, hex and exponents. */
function number(expected: string, schema: z.ZodType<number, number>) {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, expected)
    .transform(Number)
    .refine((value) => schema.safeParse(value).success, expected);
}

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${key} is not a variable of quicprochat. See .env.example.`);
  }
  return [`${String(issue.path[0])} is malformed. Use ${issue.message}.`];
}
