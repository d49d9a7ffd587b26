import type { Observation, Request } from './scenario.ts';

/** A contender in a process, or page, of its own. */
export interface Peer {
  ask(request: Request): Promise<Observation>;
  close(): Promise<void>;
}
