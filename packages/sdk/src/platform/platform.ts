/**
 * Everything that the SDK takes from the world around it, as one constructor argument: time, randomness, waiting, the
 * network and threads. A simulation replaces them; lint keeps the rest of the SDK from reaching past them.
 */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly net: Net;
  /** Starts the worker that will hold the crypto. */
  spawnWorker(): WorkerPort;
  /** Where the .wasm lies by default; undefined where the worker finds it by itself. */
  readonly wasmUrl: URL | undefined;
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
