import { cipherSuiteSchema } from '@quicprochat/protocol';
import { z } from 'zod';
import { costOf, costShape, hasMemoryForLanes, passkeyShape } from './key-slot-parts.ts';
import { sdkError } from './errors.ts';

/** What an argument must be, and what is said to whoever hands over something else. */
interface Form {
  schema: z.ZodType;
  sentence: string;
}

/**
 * Public methods look at what they are given before they do anything: types hold in TypeScript alone, and to
 * JavaScript a string is a list of handles.
 *
 * @throws {UsageError} INVALID_ARGUMENT
 */
export function check({ schema, sentence }: Form, argument: unknown): void {
  if (!schema.safeParse(argument).success) throw sdkError('INVALID_ARGUMENT', sentence);
}

export const RELAY_ADDRESS: Form = {
  schema: z.custom(isOrigin),
  sentence:
    'The relay’s address must look like http://localhost:4000: http or https, a host and a port, and no path, query or fragment.',
};

export const STORAGE: Form = {
  schema: z.custom(isStorage),
  sentence:
    '`storage` is missing or invalid. Pass memoryStorage(), indexedDbStorage(name) or sqliteStorage(path).',
};

export const STORAGE_NAME: Form = {
  schema: z.string().min(1),
  sentence: 'The storage’s name or path must be a string and must not be empty.',
};

export const UPDATE_POLICY: Form = {
  schema: z
    .object({
      // The core counts in 32 bits.
      afterMessages: z.int().min(1).max(0xffff_ffff),
      afterMs: z.number().positive(),
      hardStopMs: z.number().positive(),
    })
    .partial()
    .optional(),
  sentence:
    '`afterMessages` must be an integer from 1 to 4294967295; `afterMs` and `hardStopMs` must be positive numbers.',
};

export const GROUPS_IN_MEMORY: Form = {
  schema: z.int().min(1).optional(),
  sentence: '`groupsInMemory` must be an integer, and at least 1.',
};

export const CANCELABLE: Form = {
  schema: z.object({ signal: z.custom(isSignal).optional() }),
  sentence: 'The options must be an object, and `signal` must be an AbortSignal.',
};

const fileAddress = z.union([z.string().min(1), z.instanceof(URL)]);

export const FILES: Form = {
  schema: z
    .object({
      wasm: fileAddress,
      worker: z.union([fileAddress, z.custom((value) => typeof value === 'function')]),
    })
    .partial(),
  sentence: '`wasm` must be an address; `worker` must be an address or a function that starts a worker.',
};

const MAX_PASSPHRASE_LENGTH = 1_024;

/** 32 bytes that nobody can guess. A view of another length would be another secret. */
const secret = z.instanceof(Uint8Array).refine(({ length }) => length === 32);

export const PASSPHRASE: Form = {
  // In UTF-8, all halves of a surrogate pair are the same: one would open what another was chosen for.
  schema: z
    .string()
    .min(1)
    .max(MAX_PASSPHRASE_LENGTH)
    .regex(/^\P{Surrogate}*$/u),
  sentence: `A passphrase must be a string of 1 to ${MAX_PASSPHRASE_LENGTH} characters, without halves of surrogate pairs.`,
};

export const SECRET: Form = {
  schema: secret,
  sentence: 'A secret must be a Uint8Array of 32 bytes.',
};

export const SLOT_OPTIONS: Form = {
  schema: z.looseObject({}),
  sentence: 'The options of a slot must be an object.',
};

export const SLOT_OPENER: Form = {
  schema: z
    .looseObject({})
    .refine(({ passphrase, secret }) => (passphrase === undefined) !== (secret === undefined)),
  sentence: 'Pass either { passphrase } or { secret }, and not both.',
};

export const UNLOCK: Form = {
  schema: z.union([z.strictObject({ passphrase: PASSPHRASE.schema }), z.strictObject({ secret })]).optional(),
  sentence: '`unlock` must be { passphrase } or { secret }: a string that is not empty, or 32 bytes.',
};

export const PASSPHRASE_COST: Form = {
  schema: z
    .strictObject(costShape)
    .partial()
    .refine((cost) => hasMemoryForLanes(costOf(cost)))
    .optional(),
  sentence:
    '`cost` can have nothing but `memoryKib`, an integer from 8 for each lane to 262144, `passes` from 1 to 16, and `lanes` from 1 to 4.',
};

export const PASSKEY: Form = {
  schema: z.object(passkeyShape).optional(),
  sentence: '`passkey` must be what createPasskey() gave: { credentialId, salt }.',
};

export const SLOT_ID: Form = {
  schema: z.string().min(1),
  sentence: 'The id of a key slot must be a string that client.keys.list() gave.',
};

export const HANDLES: Form = {
  schema: z.array(z.string()),
  sentence: 'Members must be an array of handles, such as ["bob", "carol"].',
};

export const SUITE: Form = {
  schema: cipherSuiteSchema.optional(),
  sentence: 'This cipher suite is not supported. Use 0x0001, 0x0003, 0x004e or 0x004f.',
};

export const POSITION: Form = {
  schema: z.int(),
  sentence: 'A position in the history must be an integer.',
};

export const TEXT: Form = {
  schema: z.string(),
  sentence: 'The text must be a string.',
};

export const RANGE: Form = {
  schema: z.object({ before: z.int(), after: z.int(), limit: z.int().min(0) }).partial(),
  sentence: '`before`, `after` and `limit` must be integers; `limit` must not be negative.',
};

export const SAFETY_NUMBER: Form = {
  schema: z.object({ safetyNumber: z.string().regex(/^\s*(?:\d\s*){60}$/) }),
  sentence:
    '`safetyNumber` must be the 60 digits that were compared, such as { safetyNumber: "12345 67890 …" }.',
};

export const LISTENER: Form = {
  schema: z.custom((value) => typeof value === 'function'),
  sentence: 'The listener must be a function.',
};

/** As nothing but an origin: a path would be dropped silently, and the relay looked for elsewhere than it was said. */
function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, origin, href } = new URL(value);
  return ['http:', 'https:'].includes(protocol) && href === `${origin}/`;
}

function isStorage(value: unknown): boolean {
  const methods = ['generation', 'get', 'scan', 'commit', 'storeKey', 'onForeignCommit', 'close'];
  return methods.every(
    (name) => typeof (value as Record<string, unknown> | undefined)?.[name] === 'function',
  );
}

/** By its form: pages and test environments have classes of their own. */
function isSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}
