import { start, type WasmSource } from './start.ts';

export * from './core.ts';

/**
 * Loads the core for a package that bundles it and ships the wasm in a place of its own. Nothing is looked for beside
 * this code, so bundlers find no address in it that leads nowhere.
 *
 * @throws what fetching or compiling throws; the next call tries again
 */
export function initialize(source: WasmSource): Promise<void> {
  return start(() => source);
}
