/**
 * Everything that the SDK takes from its environment, as one constructor argument: time, randomness, waiting, the
 * network, WebCrypto and threads. A simulation replaces them. A lint rule keeps the rest of the SDK from using anything else.
 */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly net: Net;
  readonly publicCrypto: PublicCrypto;
  readonly connectivity: Connectivity;
  /** Starts the worker that runs the cryptography; by default, the package's own. */
  spawnWorker(source?: WorkerSource): WorkerPort;
  /** The default address of the .wasm file. */
  readonly wasmUrl: URL;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Random {
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** Returns an even random number from 0 up to but not including 1. For jitter, never for secrets. */
  fraction(): number;
}

export interface Timers {
  /** Resolves after this many milliseconds. If the signal aborts first, rejects with its reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Checks the relay's receipts, which contain no secrets. By default, WebCrypto in browsers and `node:crypto` in Node. */
export interface PublicCrypto {
  /** @throws {UsageError} UNSUPPORTED_RUNTIME if this runtime cannot do it */
  requireSupport(): Promise<void>;
  /** Ed25519 (RFC 8032). */
  isSigned(by: {
    publicKey: Uint8Array<ArrayBuffer>;
    signature: Uint8Array<ArrayBuffer>;
    message: Uint8Array<ArrayBuffer>;
  }): Promise<boolean>;
}

export interface Net {
  fetch: typeof fetch;
  /** In a browser, the page's origin. A relay answers only pages from origins that it allows. */
  readonly pageOrigin?: string | undefined;
}

/** What the system says about its network. It is only a hint to try again now; it does not say whether the relay is up. */
export interface Connectivity {
  /** Calls the listener when the network returns (`true`) or goes away (`false`). Returns a function that stops this. */
  onChange(listener: (isOnline: boolean) => void): () => void;
}

/** The source of the worker: the address of its file, or a function that starts it. */
export type WorkerSource = string | URL | (() => WorkerLike);

/** A worker that the caller started: a browser's Worker, or in Node one from `node:worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** One end of a message channel to a worker, the same for browsers and Node. */
export interface WorkerPort {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Calls the listener once if the worker ends without being told to. */
  onFailure(listener: (cause: unknown) => void): void;
  /** While busy, the worker keeps a Node program alive. While idle, it does not. */
  setBusy(busy: boolean): void;
  terminate(): void;
}
