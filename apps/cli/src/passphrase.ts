import { createReadStream } from 'node:fs';
import { CliError } from './exit.ts';

/** More than the SDK takes, in any encoding. */
const MAX_BYTES = 8 * 1_024;

/** The first descriptors that a shell leaves to its programs are 0 to 9; others come from programs. */
const MAX_DESCRIPTOR = 1_023;

/**
 * Returns a passphrase from a file descriptor, up to its end and without the last line break, or else from a variable.
 * There is no way to pass one on the command line: other users can read that.
 *
 * @param option the name of the option, for errors. They never contain what was read.
 * @throws {CliError} USAGE
 */
export async function passphraseFrom(
  option: string,
  { descriptor, variable }: { descriptor: string | undefined; variable: string | undefined },
): Promise<string | undefined> {
  if (descriptor === undefined) return variable;
  const number = /^\d{1,4}$/.test(descriptor) ? Number(descriptor) : Infinity;
  if (number > MAX_DESCRIPTOR)
    throw new CliError('USAGE', `--${option} takes the number of a file descriptor.`);
  const bytes = await read(number).catch(() => {
    throw new CliError('USAGE', `The file descriptor of --${option} cannot be read. Open it for reading.`);
  });
  const passphrase = textOf(bytes)?.replace(/\r?\n$/, '');
  if (passphrase === undefined || passphrase === '' || bytes.length > MAX_BYTES)
    throw new CliError(
      'USAGE',
      `The file descriptor of --${option} has no passphrase: text of 1 to 1024 characters.`,
    );
  return passphrase;
}

/** Leaves the descriptor open: a mistyped number can be one of Node's own, and closing that ends the process. */
async function read(fd: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = createReadStream('', { fd, end: MAX_BYTES, autoClose: false });
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
