/**
 * Loading: nothing happens at import, `initialize` is explicit and idempotent, and use before it throws the sentence
 * that fixes it. Which bytes are loaded by default is the platform's business (browser.ts, node.ts).
 */
import { default as instantiate, type InitInput } from '../artefact/quicprochat_wasm.js';

/** Where the wasm comes from: an address, its bytes, a compiled module, or a response on its way. */
export type WasmSource = URL | string | BufferSource | WebAssembly.Module | Response;

let running: Promise<void> | undefined;
let isReady = false;

/**
 * Compiles and starts the wasm, once per thread. Later and concurrent calls share the first one's outcome; after a
 * failure the next call tries again.
 *
 * @param load gives what the glue takes; `undefined` lets it fetch the file beside itself
 */
export function start(load: () => InitInput | Promise<InitInput> | undefined): Promise<void> {
  running ??= Promise.resolve(load())
    .then((source) => instantiate(source === undefined ? undefined : { module_or_path: source }))
    .then(
      () => {
        isReady = true;
      },
      (error: unknown) => {
        running = undefined;
        throw error;
      },
    );
  return running;
}

/** Throws, with the remedy, until `start` has succeeded. */
export function requireReady(): void {
  if (isReady) return;
  throw new Error('The core is not loaded yet: await initialize() of @quicprochat/core-wasm first.');
}
