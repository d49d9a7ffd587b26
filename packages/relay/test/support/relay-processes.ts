import { fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { Observe } from '../../src/index.ts';
import type { Defence } from './defences.ts';
import type { Answer, Command } from './relay-host.ts';

/**
 * The processes that relays run in beside that of the test: started when one is first needed, for all tests of a file, since
 * a start takes longer than most tests do.
 */
const hosts: RelayHost[] = [];
afterAll(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.end()));
});

let areDefencesRemovable = false;
let relaysSoFar = 0;

/** Before the processes start: their modules are replaced when they are loaded. */
export function makeDefencesRemovable(): void {
  areDefencesRemovable = true;
}

/** Does in the other processes what `takeOut` does in this one. */
export async function takeOutElsewhere(defences: readonly Defence[]): Promise<void> {
  await Promise.all(hosts.map((host) => host.ask({ type: 'take-out', defences })));
}

interface HostedRelay {
  url: string;
  close(): Promise<void>;
}

/** Starts a relay in the process of this index. */
export async function startHosted(
  index: number,
  { observe, ...start }: Omit<Extract<Command, { type: 'start' }>, 'type' | 'relay'> & { observe?: Observe },
): Promise<HostedRelay> {
  const host = (hosts[index] ??= new RelayHost());
  const relay = ++relaysSoFar;
  if (observe !== undefined) host.observers.set(relay, observe);
  const url = await host.ask({ type: 'start', relay, ...start });
  if (url === undefined) throw new Error('a relay has started without an address');
  return {
    url,
    close: async () => {
      await host.ask({ type: 'close', relay });
    },
  };
}

interface Waiting {
  resolve: (url: string | undefined) => void;
  reject: (error: Error) => void;
}

/** One process, and what it has been asked and has not answered yet. */
class RelayHost {
  readonly observers = new Map<number, Observe>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #child = fork(pathOf('relay-host.ts'), {
    execArgv: [
      '--conditions=@quicprochat/source',
      ...(areDefencesRemovable ? [`--import=${pathOf('removable-defences.ts')}`] : []),
    ],
    // What one has compiled, the next need not: it is in the run's folder for temporary files.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'qpc-compiled') },
    // JSON would leave out what it cannot express, without a word.
    serialization: 'advanced',
  });
  #asked = 0;

  constructor() {
    this.#child.on('message', (answer: Answer) => this.#take(answer));
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`a process of relays ended by itself: ${code ?? signal}`));
    });
  }

  ask(command: Command): Promise<string | undefined> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command }, (error) => error && reject(error));
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  #take(answer: Answer): void {
    if (answer.type === 'observed') return this.observers.get(answer.relay)?.(answer.event);
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.type === 'done') waiting?.resolve(answer.url);
    else waiting?.reject(new Error(`in a process of relays: ${answer.error}`));
  }
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
