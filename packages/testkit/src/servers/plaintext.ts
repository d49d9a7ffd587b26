import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Searches files for texts in the forms in which a careless program would leave them: as they are, in UTF-16, hex and
 * base64 (at each of the three alignments, since the text may stand anywhere in what was encoded).
 *
 * @param path a file, or a folder that is searched with all below it
 * @returns the texts that were found, with the file and form
 */
export async function findPlaintext(
  path: string,
  texts: readonly string[],
): Promise<{ text: string; file: string; form: string }[]> {
  const found: { text: string; file: string; form: string }[] = [];
  for (const file of await filesOf(path)) {
    const content = await readFile(file);
    for (const text of texts) {
      for (const [form, needle] of formsOf(text))
        if (content.includes(needle)) found.push({ text, file, form });
    }
  }
  return found;
}

async function filesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => undefined);
  if (entries === undefined) return [path];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function formsOf(text: string): [string, Buffer][] {
  const utf8 = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift): [string, Buffer] => [`base64+${shift}`, base64Core(utf8, shift)]);
  return [
    ['utf-8', utf8],
    ['utf-16le', Buffer.from(text, 'utf16le')],
    ['hex', Buffer.from(utf8.toString('hex'))],
    ...base64,
  ];
}

/** The characters of a text's base64 that depend on the text alone, when it starts `shift` bytes into a group of three. */
function base64Core(utf8: Buffer, shift: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(shift), utf8]).toString('base64url');
  const start = shift === 0 ? 0 : shift + 1;
  const whole = Math.floor(((shift + utf8.length) * 8) / 6);
  return Buffer.from(encoded.slice(start, whole));
}
