import { handleSchema, LIMITS } from '@quicprochat/protocol';
import { CliError } from './exit.ts';
import { relayAddressSchema } from './relay-address.ts';

/** The SDK's limit for the name of a conversation. */
const MAX_NAME_LENGTH = 128;

/*
 * What a person typed, judged by its form alone. Each function returns the value, or throws {CliError} USAGE. Commands
 * call them before they open the home: a wrong command line must not wait for the network.
 */

export function handleFrom(word = ''): string {
  if (handleSchema.safeParse(word).success) return word;
  throw new CliError(
    'USAGE',
    `“${word}” is not a handle. A handle has 1 to 32 characters (a-z, 0-9, ".", "_" or "-") and starts with a letter or a digit.`,
  );
}

/** Handles separated by commas; none if nothing was given. */
export function handlesFrom(list: string | undefined): string[] {
  if (list === undefined) return [];
  const words = list.split(',').map((word) => word.trim());
  if (words.includes(''))
    throw new CliError('USAGE', '--with takes handles separated by commas, such as --with bob,carol.');
  if (words.length > LIMITS.maxJoiners)
    throw new CliError('USAGE', `--with takes at most ${LIMITS.maxJoiners} handles. Add the others later.`);
  return words.map(handleFrom);
}

export function nameFrom(name = ''): string {
  if (name.length <= MAX_NAME_LENGTH) return name;
  throw new CliError('USAGE', `--name takes at most ${MAX_NAME_LENGTH} characters. Choose a shorter name.`);
}

export function textFrom(text = ''): string {
  if (text !== '') return text;
  throw new CliError('USAGE', 'TEXT must not be empty.');
}

export function relayFrom(address: string): string {
  if (relayAddressSchema.safeParse(address).success) return address;
  throw new CliError(
    'USAGE',
    '--relay must look like http://localhost:4000: http or https, a host and a port, and no path, query or fragment.',
  );
}

/** The 60 digits of a safety number, with or without spaces. */
export function safetyNumberFrom(option: string, number: string): string {
  if (/^\s*(?:\d\s*){60}$/.test(number)) return number;
  throw new CliError(
    'USAGE',
    `--${option} takes the 60 digits that you compared, in quotation marks. Run qpc verify HANDLE to see them.`,
  );
}
