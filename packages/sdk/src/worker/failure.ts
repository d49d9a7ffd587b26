import { WasmNotLoaded } from './load.ts';
import type { Failure } from './protocol.ts';

/** Structured clone would drop the code of an Error's subclass; so it crosses as a plain record. */
export function describe(error: unknown): Failure {
  if (error instanceof WasmNotLoaded)
    return { code: 'WASM_NOT_FOUND', message: error.message, address: error.address };
  // The core does not store anything: what has no space is the key ring, which the worker keeps.
  if (error instanceof DOMException && error.name === 'QuotaExceededError')
    return { code: 'STORE_UNAVAILABLE', message: error.message };
  if (isCoreError(error))
    return { code: error.code, message: error.message, isOfBrokenCore: error.code === 'INTERNAL' };
  return { ...UNEXPECTED, isOfBrokenCore: error instanceof WebAssembly.RuntimeError };
}

const UNEXPECTED = {
  code: 'INTERNAL',
  message: 'The worker failed because of an unexpected error. Report it.',
};

function isCoreError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error && error.name === 'CoreError' && 'code' in error && typeof error.code === 'string'
  );
}
