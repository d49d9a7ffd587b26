import { inspect } from 'node:util';
import { openPostgres, type Observed, type Relay } from '../../src/index.ts';
import { takeOut, type Defence } from './defences.ts';
import { startInstance, type Ground, type InstanceOptions } from './instance.ts';

/** What the test's process wants of this one. Relays have numbers, which it gives. */
export type Command =
  | { type: 'start'; relay: number; ground: Ground; options: HostedOptions }
  | { type: 'close'; relay: number }
  | { type: 'take-out'; defences: readonly Defence[] };

/** What can be said of a relay between processes: no functions, and nothing that has some. */
export interface HostedOptions extends Omit<InstanceOptions, 'wake' | 'platform' | 'observe'> {
  connections: number;
  /** Whether to send what it tells its operator's metrics. */
  isObserved: boolean;
}

export type Answer =
  | { type: 'done'; id: number; url?: string | undefined }
  | { type: 'failed'; id: number; error: string }
  | { type: 'observed'; relay: number; event: Observed };

const relays = new Map<number, Relay>();

process.on('message', ({ id, command }: { id: number; command: Command }) => {
  carryOut(command).then(
    (url) => answer({ type: 'done', id, url }),
    (error: unknown) => answer({ type: 'failed', id, error: inspect(error) }),
  );
});
// With the test's process, however that ended.
process.on('disconnect', () => process.exit());

/** Gives the address of a relay that it starts. */
async function carryOut(command: Command): Promise<string | undefined> {
  switch (command.type) {
    case 'start':
      return start(command);
    case 'close':
      await relays.get(command.relay)?.close();
      return undefined;
    case 'take-out':
      takeOut(command.defences);
      return undefined;
  }
}

async function start({
  relay: number,
  ground,
  options: { connections, isObserved, ...options },
}: Extract<Command, { type: 'start' }>): Promise<string> {
  const observe = (event: Observed) => answer({ type: 'observed', relay: number, event });
  const observing = isObserved ? { observe } : {};
  if (ground.databaseUrl === undefined) throw new Error('several relays cannot be had on SQLite');
  const db = await openPostgres(ground.databaseUrl, { connections, ...observing });
  const { relay, url } = await startInstance(db, ground, { ...options, ...observing });
  relays.set(number, relay);
  return url;
}

function answer(message: Answer): void {
  process.send?.(message);
}
