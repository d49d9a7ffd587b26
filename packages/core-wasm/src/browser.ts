import { start, type WasmSource } from './start.ts';

export * from './core.ts';

/**
 * Loads the core. Without a source it fetches `quicprochat_wasm_bg.wasm` beside the glue; bundlers that follow
 * `new URL(…, import.meta.url)` put it there. Elsewhere, pass the address that it is served from.
 *
 * @throws what fetching or compiling throws; the next call tries again
 */
export function initialize(source?: WasmSource): Promise<void> {
  return start(() => source);
}
