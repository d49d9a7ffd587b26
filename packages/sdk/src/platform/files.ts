import { sdkError } from '../model/errors.ts';

/** The name that bundlers know this package by. */
const PACKAGE = '@quicprochat/sdk';

/**
 * Where a file of this package lies if Vite's development server has moved the code away from it; otherwise undefined.
 * Its optimizer puts dependencies into `node_modules/.vite/deps`, and leaves what they name beside themselves behind.
 */
export function fileLeftByVite(file: string, moduleUrl: string): URL | undefined {
  const modules = /^.*\/node_modules\/(?=\.vite\/deps)/.exec(moduleUrl)?.[0];
  return modules === undefined ? undefined : new URL(`${modules}${PACKAGE}/dist/${file}`);
}

/** A worker would resolve an address against its own file, where a caller means the page. In Node, a path stays one. */
export function absolute(address: string | URL): string {
  const page = typeof document === 'undefined' ? undefined : document.baseURI;
  return page === undefined ? address.toString() : new URL(address, page).href;
}

/** The worker's file did not run. `address` is undefined if a bundler chose it, or the caller started the worker. */
export function workerNotFound(address: string | undefined, cause?: unknown) {
  const where = address === undefined ? '' : ` from ${address}`;
  const sentence = `The SDK’s worker could not be loaded${where}. ${remedyFor('worker', address)}`;
  return sdkError('WORKER_NOT_FOUND', sentence, { cause, details: address === undefined ? {} : { address } });
}

/** The core could not be loaded; `told` is what the fetch or the compiler said. */
export function wasmNotFound(address: string, told: string) {
  if (/WebAssembly is not defined|can.t find variable: WebAssembly/i.test(told))
    return sdkError(
      'UNSUPPORTED_RUNTIME',
      'This browser does not run WebAssembly, which the SDK needs. Allow it for this site (modes for high security turn it off), or use another browser.',
    );
  const reason = /unsafe-eval|content security policy/i.test(told) ? 'forbidden' : 'missing';
  const remedy =
    reason === 'forbidden'
      ? "The page’s content security policy must allow script-src 'wasm-unsafe-eval'."
      : remedyFor('wasm', address);
  const sentence = `The SDK’s WebAssembly could not be loaded from ${address}. ${remedy}`;
  return sdkError('WASM_NOT_FOUND', sentence, { details: { reason, address, told } });
}

function remedyFor(option: 'worker' | 'wasm', address: string | undefined): string {
  const pass = `pass the address of the package’s ${option} file as the option “${option}”`;
  if (address?.includes('/node_modules/') === true)
    return `With Vite, set optimizeDeps: { exclude: ['${PACKAGE}'] }; otherwise ${pass}.`;
  return `Check that the file is served and that the content security policy allows it, or ${pass}.`;
}
