import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { start, type WasmSource } from './start.ts';

export * from './core.ts';

/**
 * Loads the core for a package that bundles it and ships the wasm in a place of its own. A `file:` address and a path
 * are read, any other address is fetched.
 *
 * @throws what reading or compiling throws; the next call tries again
 */
export function initialize(source: WasmSource): Promise<void> {
  return start(() => {
    const file = filePath(source);
    return file === undefined ? source : readFile(file);
  });
}

/** The path of a source that is a file here; Node's fetch takes none. */
function filePath(source: WasmSource): string | undefined {
  if (source instanceof URL) return source.protocol === 'file:' ? fileURLToPath(source) : undefined;
  if (typeof source !== 'string' || /^(https?|data|blob):/.test(source)) return undefined;
  return source.startsWith('file:') ? fileURLToPath(source) : source;
}
