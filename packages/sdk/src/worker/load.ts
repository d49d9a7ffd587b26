import { initialize } from '@quicprochat/core-wasm/bundled';

/** The core's file was not there, was no WebAssembly, or may not be compiled here; the message says which. */
export class WasmNotLoaded extends Error {
  readonly address: string;

  constructor(address: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : 'unknown reason', { cause });
    this.address = address;
  }
}

/** Loads the core from an address, once per worker. */
export async function load(address: string): Promise<void> {
  try {
    await initialize(address);
  } catch (error) {
    throw new WasmNotLoaded(address, error);
  }
}
