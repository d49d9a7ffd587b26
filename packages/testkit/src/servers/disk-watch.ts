import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { findSecrets, type Secrets } from './plaintext.ts';

/** What a file was like at some moment. */
export interface FileState {
  size: number;
  /** The permission bits in octal, such as `600`. */
  mode: string;
}

/** Searches folders at several moments of a session, and gathers what it finds and which files there are. */
export class DiskWatch {
  readonly #folder: string;
  readonly #parts: readonly string[];
  readonly #secrets = new Map<string, string | Uint8Array>();
  readonly #marks = new Map<string, string | Uint8Array>();
  readonly #marked = new Map<string, readonly string[]>();
  readonly #found = new Map<string, string[]>();
  readonly #files = new Map<string, Map<string, FileState>>();

  /** @param parts the folders below it to which the search is restricted; they need not exist */
  constructor(folder: string, parts: readonly string[] = ['.']) {
    this.#folder = folder;
    this.#parts = parts;
  }

  /** What is looked for, by names for the report. */
  get secrets(): Secrets {
    return Object.fromEntries(this.#secrets);
  }

  /** From now on, looks for this too. */
  add(name: string, secret: string | Uint8Array): void {
    this.#secrets.set(name, secret);
  }

  /** Makes a text that shares no part with any other, and looks for it from now on. */
  text(name: string, middle = ' '): string {
    const text = `${randomBytes(12).toString('base64url')}${middle}${randomBytes(12).toString('base64url')}`;
    this.add(name, text);
    return text;
  }

  /** From now on, looks for this too, which has to be found: by it the test knows which files were really read. */
  mark(name: string, readable: string | Uint8Array): void {
    this.#marks.set(name, readable);
  }

  /** @param moment what has just happened, for the report */
  async look(moment: string): Promise<void> {
    this.#files.set(moment, await this.#filesNow());
    this.#marked.set(moment, await this.find(Object.fromEntries(this.#marks)));
    for (const line of await this.find(this.secrets))
      this.#found.set(line, [...(this.#found.get(line) ?? []), moment]);
  }

  /** Returns a line for each file, secret and form that is found now. */
  async find(secrets: Secrets): Promise<string[]> {
    const found = await Promise.all((await this.#roots()).map((root) => findSecrets(root, secrets)));
    return found.flat().map(({ name, form, file }) => `${relative(this.#folder, file)}: ${name} as ${form}`);
  }

  /** Returns everything that was found so far, and when. */
  report(): string[] {
    return [...this.#found].map(([line, moments]) => `${line} (${moments.join(', ')})`).sort();
  }

  /** Returns where the marks were at a moment. */
  marksAt(moment: string): readonly string[] {
    return this.#marked.get(moment) ?? [];
  }

  /** Returns the files that there were at each moment, by their paths below the folder. */
  get files(): ReadonlyMap<string, ReadonlyMap<string, FileState>> {
    return this.#files;
  }

  async #filesNow(): Promise<Map<string, FileState>> {
    const files = new Map<string, FileState>();
    for (const root of await this.#roots()) {
      const entries = await readdir(root, { withFileTypes: true, recursive: true });
      for (const entry of entries.filter((each) => each.isFile())) {
        const path = join(entry.parentPath, entry.name);
        // A program that runs may delete a file at any time.
        const found = await stat(path).catch(() => undefined);
        if (found === undefined) continue;
        files.set(relative(this.#folder, path), {
          size: found.size,
          mode: (found.mode & 0o777).toString(8),
        });
      }
    }
    return files;
  }

  async #roots(): Promise<string[]> {
    const present = await readdir(this.#folder);
    return this.#parts
      .filter((part) => part === '.' || present.includes(part))
      .map((part) => join(this.#folder, part));
  }
}
