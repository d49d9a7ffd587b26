import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a search went through, and which of the texts it met in any form. */
export interface Findings {
  files: number;
  bytes: number;
  found: string[];
}

/** Searches a folder's files for texts in the forms in which a careless program would leave them. */
export async function searchFolder(folder: string, texts: readonly string[]): Promise<Findings> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(paths.map((path) => readFile(path)));
  const isFound = (text: string) =>
    formsOf(text).some((form) => contents.some((content) => content.includes(form)));
  return {
    files: paths.length,
    bytes: contents.reduce((total, content) => total + content.length, 0),
    found: texts.filter(isFound),
  };
}

/** As it is, in UTF-16, in hex, and in base64: there the text may start at each of three places in what was encoded. */
export function formsOf(text: string): Buffer[] {
  const utf8 = Buffer.from(text);
  const hex = utf8.toString('hex');
  const base64 = [0, 1, 2].flatMap((shift) => {
    const core = base64Core(utf8, shift);
    return [core, core.replaceAll('-', '+').replaceAll('_', '/')];
  });
  return [
    utf8,
    Buffer.from(text, 'utf16le'),
    ...[hex, hex.toUpperCase(), ...base64].map((form) => Buffer.from(form)),
  ];
}

/** The characters of a text's base64url that depend on it alone, where it starts `shift` bytes into a group of three. */
function base64Core(utf8: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), utf8]).toString('base64url');
  return encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + utf8.length) * 8) / 6));
}
