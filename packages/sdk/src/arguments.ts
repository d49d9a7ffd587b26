import { cipherSuiteSchema } from '@quicprochat/protocol';
import { z } from 'zod';
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
    'The relay’s address is http or https, host and port, such as http://localhost:4000, and has no path, query or fragment.',
};

export const STORAGE: Form = {
  schema: z.custom(isStorage),
  sentence: 'Name a storage: memoryStorage(), indexedDbStorage(name) or sqliteStorage(path).',
};

export const STORAGE_NAME: Form = {
  schema: z.string().min(1),
  sentence: 'Give the storage a name, or the path of its file.',
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
  sentence: 'An update policy is made of numbers above 0, and messages are counted whole.',
};

export const CANCELABLE: Form = {
  schema: z.object({ signal: z.custom(isSignal).optional() }),
  sentence: 'Options are an object, and its signal an AbortSignal.',
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

export const HANDLES: Form = {
  schema: z.array(z.string()),
  sentence: 'Members are a list of handles, such as ["bob", "carol"].',
};

export const SUITE: Form = {
  schema: cipherSuiteSchema.optional(),
  sentence: 'There is no such cipher suite here.',
};

export const POSITION: Form = {
  schema: z.int(),
  sentence: 'A position in the history is a whole number.',
};

export const TEXT: Form = {
  schema: z.string(),
  sentence: 'A text must be a string.',
};

export const RANGE: Form = {
  schema: z.object({ before: z.int(), after: z.int(), limit: z.int().min(0) }).partial(),
  sentence: 'A part of the history is given by whole numbers, of which the limit is not below 0.',
};

export const SAFETY_NUMBER: Form = {
  schema: z.object({ safetyNumber: z.string().regex(/^\s*(?:\d\s*){60}$/) }),
  sentence:
    'Say which safety number was compared, such as { safetyNumber: "12345 67890 …" }: it has 60 digits.',
};

export const LISTENER: Form = {
  schema: z.custom((value) => typeof value === 'function'),
  sentence: 'A listener is a function.',
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
