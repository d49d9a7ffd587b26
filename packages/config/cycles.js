import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const NO_SOURCES = new Set([
  'node_modules',
  'dist',
  'out',
  '.next',
  'artefact',
  'coverage',
  '.turbo',
  'target',
]);

const SOURCE_ENDINGS = ['.ts', '.tsx', '.mts'];

/** The TypeScript files under a folder. */
export function sourcesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NO_SOURCES.has(entry.name) ? [] : sourcesUnder(path);
    return /\.(tsx?|mts)$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : [];
  });
}

/** Returns the files that a file imports. Type imports count: a reader has to know those files, too. */
function importsOf(path, files) {
  const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .flatMap((name) => meantBy(resolve(dirname(path), name)).find((one) => files.has(one)) ?? []);
}

/** The sources that an import of this path can mean: also by the name that they are compiled to, or without an ending. */
function meantBy(path) {
  const withoutEnding = path.replace(/\.[mc]?jsx?$/, '');
  return [path, ...SOURCE_ENDINGS.flatMap((end) => [withoutEnding + end, join(path, `index${end}`)])];
}

/**
 * The import cycles among files, each as the files on its way, shown from a folder.
 *
 * @param {readonly string[]} paths
 * @param {string} from
 */
export function cyclesAmong(paths, from) {
  const files = new Set(paths);
  const [done, way, cycles] = [new Set(), [], []];
  const visit = (path) => {
    const at = way.indexOf(path);
    if (at >= 0) return void cycles.push([...way.slice(at), path].map((one) => relative(from, one)));
    if (done.has(path)) return;
    way.push(path);
    for (const imported of importsOf(path, files)) visit(imported);
    way.pop();
    done.add(path);
  };
  for (const path of paths) visit(path);
  return cycles;
}
