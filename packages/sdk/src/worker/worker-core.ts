import { coreError, hasCode, sdkError } from '../model/errors.ts';
import { wasmNotFound } from '../platform/files.ts';
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
  readonly #port: WorkerPort;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  /** Why nothing more is answered. */
  #failure: Error | undefined;
  /** Called when nothing more will be answered. */
  onStopped: (() => void) | undefined;
  /** Whether the worker's state may be ahead of what was answered, so that it must be opened anew. */
  dirty = false;

  constructor(port: WorkerPort) {
    this.#port = port;
    port.onMessage((message) => {
      this.#settle(message as Response);
    });
    port.onFailure((cause) => {
      this.#failAll(cause);
    });
  }

  /** Whether nothing more is answered. */
  get isStopped(): boolean {
    return this.#failure !== undefined;
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
    this.#failAll(undefined);
    this.#port.terminate();
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
    }
  }

  #failAll(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = hasCode(cause, 'WORKER_NOT_FOUND') ? cause : stopped(cause);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
    this.onStopped?.();
  }
}

/** Makes an error of the SDK's from what the worker tells of one. */
export function errorOf({ code, message, address }: Failure): Error {
  return address === undefined ? coreError(code, message) : wasmNotFound(address, message);
}

function stopped(cause?: unknown) {
  return sdkError('WORKER_STOPPED', 'The worker that holds the keys has stopped. Create the client again.', {
    cause,
  });
}
