/** For simulations in this repository: the worker's side, to run in the caller's own thread. It is not in the package. */
export { WorkerHost } from './worker/host.ts';
export type { Request as WorkerRequest, Response as WorkerResponse } from './worker/protocol.ts';
