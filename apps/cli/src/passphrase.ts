import { createReadStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';
import { CliError } from './exit.ts';

/** More than the SDK takes, in any encoding. */
const MAX_BYTES = 8 * 1_024;

/** The first descriptors that a shell leaves to its programs are 0 to 9; others come from programs. */
const MAX_DESCRIPTOR = 1_023;

const ADVICE = 'Open it for reading, or use 0: a package manager passes only 0, 1 and 2 on to qpc.';

interface Source {
  descriptor: string | undefined;
  variable: string | undefined;
  /** Ends the wait for what is on the descriptor. */
  signal: AbortSignal;
}

/**
 * Returns a passphrase from a file descriptor, up to its end and without the last line break, or else from a variable.
 * There is no way to pass one on the command line: other users can read that.
 *
 * @param option the name of the option, for errors. They never contain what was read.
 * @throws {CliError} USAGE; the reason of the signal
 */
export async function passphraseFrom(
  option: string,
  { descriptor, variable, signal }: Source,
): Promise<string | undefined> {
  if (descriptor === undefined) return variable;
  const number = /^\d{1,4}$/.test(descriptor) ? Number(descriptor) : Infinity;
  if (number > MAX_DESCRIPTOR)
    throw new CliError('USAGE', `--${option} takes the number of a file descriptor.`);
  // A terminal or a pipe that qpc writes to can be read as well: it would wait there for ever.
  if (number === 1 || number === 2)
    throw new CliError(
      'USAGE',
      `qpc writes to the file descriptors 1 and 2. Give --${option} 0, or 3 and more.`,
    );
  const bytes = await read(number, signal).catch(() => {
    signal.throwIfAborted();
    throw new CliError('USAGE', `The file descriptor of --${option} cannot be read. ${ADVICE}`);
  });
  const passphrase = textOf(bytes)?.replace(/\r?\n$/, '');
  if (passphrase === undefined || passphrase === '' || bytes.length > MAX_BYTES)
    throw new CliError(
      'USAGE',
      `The file descriptor of --${option} has no passphrase: text of 1 to 1024 characters.`,
    );
  return passphrase;
}

async function read(fd: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of addAbortSignal(signal, open(fd))) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_BYTES) break;
  }
  return Buffer.concat(chunks);
}

/**
 * A terminal or a pipe may have nothing yet. The threads that read files would wait in the call, and Node does not end
 * while they do, whoever presses Ctrl+C. A file stays open: a mistyped number can be one of Node's own.
 */
function open(fd: number): Readable {
  if (isatty(fd)) return new ReadStream(fd);
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) return new Socket({ fd, readable: true, writable: false });
  return createReadStream('', { fd, autoClose: false });
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
