import { initialize as initializeFrom } from './bundled-node.ts';
import type { WasmSource } from './start.ts';

export * from './core.ts';

const ARTEFACT = new URL('../artefact/quicprochat_wasm_bg.wasm', import.meta.url);

/**
 * Loads the core. Without a source it reads the wasm of this package; a `file:` address and a path are read too, any
 * other address is fetched.
 *
 * @throws what reading or compiling throws; the next call tries again
 */
export function initialize(source: WasmSource = ARTEFACT): Promise<void> {
  return initializeFrom(source);
}
