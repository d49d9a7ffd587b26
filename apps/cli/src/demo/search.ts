import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Searches files and folders for texts in the forms in which a careless program would leave them. */
export async function findPlaintext(
  paths: readonly string[],
  texts: readonly string[],
): Promise<{ bytes: number; found: number }> {
  let bytes = 0;
  const found = new Set<string>();
  for (const file of (await Promise.all(paths.map(filesOf))).flat()) {
    const content = await readFile(file);
    bytes += content.length;
    for (const text of texts) if (formsOf(text).some((form) => content.includes(form))) found.add(text);
  }
  return { bytes, found: found.size };
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function formsOf(text: string): Buffer[] {
  const utf8 = Buffer.from(text);
  const encoded = [0, 1, 2].map((shift) => base64Core(utf8, shift));
  return [utf8, Buffer.from(text, 'utf16le'), Buffer.from(utf8.toString('hex')), ...encoded];
}

/** The characters of a text's base64 that depend on it alone, where it starts `shift` bytes into a group of three. */
function base64Core(utf8: Buffer, shift: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(shift), utf8]).toString('base64url');
  return Buffer.from(encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + utf8.length) * 8) / 6)));
}
