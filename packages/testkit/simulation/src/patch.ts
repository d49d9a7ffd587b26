import { readFileSync } from 'node:fs';
import { applyPatch, parsePatch, type StructuredPatch } from 'diff';

/** A fault that is kept in the tree as a patch, to be found again. */
export interface PlantedBug {
  /** What is wrong, in a sentence or two. */
  description: string;
  /** Within how many seeds, from 1, the simulation must find it. */
  seeds: number;
  /** One for each file. */
  changes: FileChange[];
}

export interface FileChange {
  /** From the root of the repository, with slashes. */
  path: string;
  /**
   * The source with the bug in it.
   *
   * @throws {Error} if it is not as the patch expects it
   */
  apply: (source: string) => string;
}

/** Where the file says within how many seeds the bug must be found. */
const SEEDS_LINE = /^Seeds: ([1-9]\d*)$/m;

/**
 * Reads a planted bug: a description, a line such as `Seeds: 5`, and a unified diff as git writes it.
 *
 * @throws {Error} if one of the three is missing
 */
export function readPlantedBug(file: string | URL): PlantedBug {
  const text = readFileSync(file, 'utf8');
  const [line, seeds] = SEEDS_LINE.exec(text) ?? [];
  if (line === undefined) throw new Error(`${String(file)} has no line “Seeds: N”`);
  const [description = '', diff = ''] = text.split(`${line}\n`);
  const changes = parsePatch(diff).map(changeOf);
  if (description.trim() === '' || changes.length === 0)
    throw new Error(`${String(file)} needs a description, “Seeds: N” and a diff`);
  return { description: description.trim(), seeds: Number(seeds), changes };
}

function changeOf(patch: StructuredPatch): FileChange {
  const path = (patch.newFileName ?? '').replace(/^b\//, '');
  return {
    path,
    apply: (source) => {
      const changed = applyPatch(source, patch);
      if (changed === false) throw new Error(`the patch does not fit ${path} any more`);
      return changed;
    },
  };
}
