import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodingsOf } from './encodings.ts';

/** What is looked for, by names to report it under. */
export type Secrets = Readonly<Record<string, string | Uint8Array>>;

export interface Finding {
  name: string;
  /** The encoding, see {@link encodingsOf}. */
  form: string;
  file: string;
}

/**
 * Shorter forms must be found whole. Of longer ones a half is enough: a page or block of a database may end in the middle.
 */
const LONG_FORM = 32;

/**
 * Searches files for texts in every form in which a careless program would leave them.
 *
 * @param path a file, or a folder that is searched with all below it
 * @returns the texts that were found, with the file and form
 */
export async function findPlaintext(
  path: string,
  texts: readonly string[],
): Promise<{ text: string; file: string; form: string }[]> {
  const found = await findSecrets(path, Object.fromEntries(texts.map((text) => [text, text])));
  return found.map(({ name, file, form }) => ({ text: name, file, form }));
}

/**
 * Searches files for texts and bytes in every form in which a careless program would leave them. It does not decompress:
 * the caller has to know that nothing is compressed there.
 *
 * @param path a file, or a folder that is searched with all below it
 * @returns what was found, once for each form and file
 */
export async function findSecrets(path: string, secrets: Secrets): Promise<Finding[]> {
  const needles = needlesOf(secrets);
  const found: Finding[] = [];
  for (const file of await filesOf(path)) {
    const content = await readFile(file).catch(ignoreMissing);
    if (content === undefined) continue;
    for (const { name, form } of findIn(content, needles)) found.push({ name, form, file });
  }
  return found;
}

interface Needle {
  name: string;
  form: string;
  bytes: Buffer;
}

/** By their first two bytes, so that one pass over a file looks for all of them. */
type Needles = ReadonlyMap<number, readonly Needle[]>;

function needlesOf(secrets: Secrets): Needles {
  const needles = new Map<number, Needle[]>();
  for (const [name, secret] of Object.entries(secrets))
    for (const form of encodingsOf(secret))
      for (const bytes of partsOf(form.bytes)) {
        const start = bytes.readUInt16LE();
        needles.set(start, [...(needles.get(start) ?? []), { name, form: form.name, bytes }]);
      }
  return needles;
}

function findIn(content: Buffer, needles: Needles): Omit<Finding, 'file'>[] {
  const found = new Map<string, Omit<Finding, 'file'>>();
  for (let at = 0; at + 1 < content.length; at++) {
    const candidates = needles.get((content[at + 1] as number) * 256 + (content[at] as number));
    for (const { name, form, bytes } of candidates ?? [])
      if (bytes.equals(content.subarray(at, at + bytes.length))) found.set(`${name} ${form}`, { name, form });
  }
  return [...found.values()];
}

function partsOf(form: Buffer): Buffer[] {
  if (form.length < LONG_FORM) return [form];
  const middle = form.length >> 1;
  return [form.subarray(0, middle), form.subarray(middle)];
}

async function filesOf(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** A program that runs may delete a file at any time. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
