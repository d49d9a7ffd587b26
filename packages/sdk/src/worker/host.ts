import { clientCalls } from './client-calls.ts';
import { describe } from './failure.ts';
import { groupCalls, groupState } from './group-calls.ts';
import type {
  CallData,
  CallName,
  CallResult,
  Request,
  Response,
  StateQuery,
  StateReport,
} from './protocol.ts';
import { NO_RINGS, ringCalls } from './ring-calls.ts';
import { Session } from './session.ts';

type Handlers = {
  [Name in CallName]: (data: CallData<Name>) => CallResult<Name> | Promise<CallResult<Name>>;
};

/** The worker's side of one client. A worker has one; a simulation has several in one thread. */
export class WorkerHost {
  readonly #session: Session;
  readonly #handlers: Handlers;
  /** Calls are answered strictly one after the other: the core is one state, and its writes belong to one call. */
  #previous: Promise<unknown> = Promise.resolve();

  constructor({ session = new Session(), rings = NO_RINGS } = {}) {
    this.#session = session;
    this.#handlers = { ...clientCalls(session), ...groupCalls(session), ...ringCalls(rings) };
  }

  /** Answers one request. Never rejects: what a call throws crosses as its code and message, and nothing else of it. */
  answer(request: Request): Promise<Response> {
    const current = this.#previous.then(() => this.#run(request));
    this.#previous = current;
    return current;
  }

  /** Frees the core's memory, which wipes it. The end of a worker does the same. */
  close(): void {
    this.#session.close();
  }

  /** Undefined if the state cannot be read, as after a commit that removes this device. `group.state` then throws the reason. */
  #tell(query: StateQuery): StateReport | undefined {
    try {
      return groupState(this.#session, query);
    } catch {
      return undefined;
    }
  }

  /** Whether a call that failed has changed something. After a panic, the core answers nothing, and may have. */
  #hasWritten(): boolean {
    try {
      return this.#session.takeWrites().length > 0;
    } catch {
      return true;
    }
  }

  async #run({ id, name, data, report: query }: Request): Promise<Response> {
    try {
      const handler = this.#handlers[name] as (data: unknown) => unknown;
      const result = await handler(data);
      return { id, ok: true, result, writes: this.#session.takeWrites(), report: query && this.#tell(query) };
    } catch (error) {
      return { id, ok: false, error: describe(error), dirty: this.#hasWritten() };
    }
  }
}
