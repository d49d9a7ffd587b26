import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProcessMemory } from '../support/memory.ts';

const READER = fileURLToPath(new URL('reader.ts', import.meta.url));

export type ReaderEvent =
  /** It asks the relay for the page after this place of the log. */
  | { type: 'page'; cursor: number }
  /** The conversation says that it has read so many entries, and more wait. */
  | { type: 'progress'; entries: number | 'all' }
  | ({ type: 'memory'; mostRss: number } & ProcessMemory)
  | { type: 'done'; wallMs: number; cpuMs: number };

/** When a start is killed: after it asked for so many pages, and then so long. */
export interface Moment {
  pages: number;
  delayMs: number;
}

/** What one start printed. */
export type Start = readonly ReaderEvent[];

/**
 * Starts a member that was offline in a process of its own, which catches up.
 *
 * @param kill when to kill it, if it is not done before
 * @throws {Error} if it ends by itself with an error
 */
export async function startReader(args: readonly string[], kill?: Moment): Promise<Start> {
  const child = spawn(process.execPath, [...process.execArgv, READER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const events: ReaderEvent[] = [];
  const killing = kill && killAt(child, events, kill);
  const exited = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    // The last line of one that is killed can be cut.
    if (line.endsWith('}')) events.push(JSON.parse(line) as ReaderEvent);
  }
  await exited;
  await killing;
  const { exitCode } = child;
  if (exitCode !== null && exitCode !== 0) throw new Error(`a reader ended with exit code ${exitCode}`);
  return events;
}

async function killAt(child: ChildProcess, events: Start, { pages, delayMs }: Moment): Promise<void> {
  while (child.exitCode === null && events.filter(({ type }) => type === 'page').length < pages)
    await sleep(1);
  await sleep(delayMs);
  child.kill('SIGKILL');
}
