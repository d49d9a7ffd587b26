import { coreError, hasCode, sdkError } from '../model/errors.ts';
import { wasmNotFound } from '../platform/files.ts';
import { quotaReached } from '../storage/quota.ts';
import type { WorkerPort } from '../platform/platform.ts';
import type {
  CallData,
  CallName,
  CallResult,
  Failure,
  Response,
  StateQuery,
  StateReport,
  StoreWrite,
} from './protocol.ts';

/** What a call gave, and what it changed in the core's state. */
export interface CoreAnswer<Result> {
  result: Result;
  writes: StoreWrite[];
  /** The state of the group that was asked for besides. */
  report: StateReport | undefined;
}

interface Waiting {
  resolve(answer: CoreAnswer<never>): void;
  reject(error: Error): void;
}

/** The main thread's end of the worker: one promise a call. */
export class WorkerCore {
  readonly #spawn: () => WorkerPort;
  #port: WorkerPort;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  /** The address of the core's file. */
  #wasm = '';
  /** Why nothing is answered. */
  #failure: Error | undefined;
  #isTerminated = false;
  #isRestarting = false;
  /** Called when the worker has stopped, so that nothing is answered until {@link restart}. */
  onStopped: (() => void) | undefined;
  /** Whether the worker's state may be ahead of what was answered, so that it must be opened anew. */
  dirty = false;

  constructor(spawn: () => WorkerPort) {
    this.#spawn = spawn;
    this.#port = this.#connect(spawn());
  }

  /** Whether nothing is answered. */
  get isStopped(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether another worker is being started, which takes as long as the core's file takes to load. */
  get isRestarting(): boolean {
    return this.#isRestarting;
  }

  /** Has the worker load the core from an address. */
  async initialize(wasm: string): Promise<void> {
    this.#wasm = wasm;
    await this.call('worker.initialize', { wasm });
  }

  /**
   * Starts another worker in place of one that has stopped. It holds nothing, so the core must be opened anew.
   *
   * @throws {UsageError} WORKER_NOT_FOUND, WASM_NOT_FOUND
   */
  async restart(): Promise<void> {
    if (this.#isTerminated || this.#failure === undefined) return;
    this.#port = this.#connect(this.#spawn());
    this.#failure = undefined;
    this.dirty = true;
    this.#isRestarting = true;
    try {
      await this.initialize(this.#wasm);
    } catch (error) {
      this.#failAll(error);
      throw error;
    } finally {
      this.#isRestarting = false;
    }
  }

  /**
   * Throws what the core refused, as an error of the SDK's.
   *
   * @param report the group whose state to tell after the call
   */
  call<Name extends CallName>(
    name: Name,
    data: CallData<Name>,
    report?: StateQuery,
  ): Promise<CoreAnswer<CallResult<Name>>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.setBusy(true);
      this.#port.post({ id, name, data, report });
    });
  }

  terminate(): void {
    this.#isTerminated = true;
    this.#failAll(undefined);
  }

  /** A port that another one has replaced is not heard any more. */
  #connect(port: WorkerPort): WorkerPort {
    port.onMessage((message) => {
      if (port === this.#port) this.#settle(message as Response);
    });
    port.onFailure((cause) => {
      if (port === this.#port) this.#failAll(cause);
    });
    return port;
  }

  #settle(response: Response): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (this.#waiting.size === 0) this.#port.setBusy(false);
    if (response.ok) {
      const { result, writes, report } = response;
      waiting?.resolve({ result: result as never, writes, report });
    } else {
      this.dirty ||= response.dirty;
      waiting?.reject(errorOf(response.error));
      if (response.error.isOfBrokenCore === true) this.#failAll(undefined);
    }
  }

  #failAll(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = hasCode(cause, 'WORKER_NOT_FOUND', 'WASM_NOT_FOUND', 'UNSUPPORTED_RUNTIME')
      ? cause
      : stopped(cause);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
    this.#port.terminate();
    this.onStopped?.();
  }
}

/** Makes an error of the SDK's from what the worker tells of one. */
export function errorOf({ code, message, address }: Failure): Error {
  if (address !== undefined) return wasmNotFound(address, message);
  return code === 'STORE_UNAVAILABLE' ? quotaReached(message) : coreError(code, message);
}

function stopped(cause?: unknown) {
  return sdkError(
    'WORKER_STOPPED',
    'The worker that holds the keys has stopped. Try again: another one is started.',
    {
      cause,
    },
  );
}
