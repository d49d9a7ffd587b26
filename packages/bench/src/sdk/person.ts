import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Acts } from './acts.ts';
import type { Memory } from './memory.ts';

export type AllActs = Acts & { memory(): Promise<Memory> };

export interface Question {
  id: number;
  act: string;
  parameter: unknown;
}

export type Answer = { id: number; result: unknown } | { id: number; error: string };

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** Somebody with a client. */
export interface Person extends AsyncDisposable {
  ask<Name extends keyof AllActs>(
    act: Name,
    ...parameter: Parameters<AllActs[Name]>
  ): ReturnType<AllActs[Name]>;
}

/** Somebody with a client in a process of their own. */
export class ProcessPerson implements Person {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  /** Starts the process with the SDK of a checkout. */
  static async start(root: string): Promise<ProcessPerson> {
    const child = fork(CHILD, [root], {
      // Without our own conditions: the SDK runs as it is built.
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
    });
    const person = new ProcessPerson(child);
    await new Promise<unknown>((resolve, reject) => person.#waiting.set(0, { resolve, reject }));
    return person;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(new Error(answer.error));
      else waiting?.resolve(answer.result);
    });
    child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`a person’s process ended with exit code ${code ?? 'none'}`));
    });
  }

  ask<Name extends keyof AllActs>(
    act: Name,
    ...[parameter]: Parameters<AllActs[Name]>
  ): ReturnType<AllActs[Name]> {
    const id = ++this.#asked;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, act, parameter } satisfies Question, (error) => {
        if (error !== null) reject(error);
      });
    });
    return answer as ReturnType<AllActs[Name]>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
