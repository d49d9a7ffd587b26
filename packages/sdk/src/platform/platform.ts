/**
 * Everything that the SDK takes from the world around it, as one constructor argument: time, randomness, waiting, the
 * network and threads. A simulation replaces them; lint keeps the rest of the SDK from reaching past them.
 */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly net: Net;
  readonly connectivity: Connectivity;
  /** Starts the worker that will hold the crypto; by default the one of the package. */
  spawnWorker(source?: WorkerSource): WorkerPort;
  /** Where the .wasm lies by default. */
  readonly wasmUrl: URL;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Random {
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** Evenly from 0 up to and without 1; for jitter, never for secrets. */
  fraction(): number;
}

export interface Timers {
  /** Resolves after so many milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Net {
  fetch: typeof fetch;
  /** In a browser, the origin of the page: a relay answers only the pages of origins that it knows. */
  readonly pageOrigin?: string | undefined;
}

/** What the system says of its network. It is a hint to try again now: neither answer says whether the relay is there. */
export interface Connectivity {
  /** Calls back when the network came back (`true`) or went away (`false`). Returns how to stop it. */
  onChange(listener: (isOnline: boolean) => void): () => void;
}

/** Where the worker comes from: the address of its file, or a function that starts it. */
export type WorkerSource = string | URL | (() => WorkerLike);

/** A worker that the caller started: a browser's, or in Node one of `node:worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** One end of a message channel to a worker, the same for browsers and Node. */
export interface WorkerPort {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the worker dies without having been told to. */
  onFailure(listener: (cause: unknown) => void): void;
  /** While busy, the worker keeps a Node program alive; idle, it does not. */
  setBusy(busy: boolean): void;
  terminate(): void;
}
