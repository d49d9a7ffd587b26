import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

export interface ChildOptions {
  /** Where it runs: the user may not see the folder that we are in. What it says is added to `server.log` there. */
  folder: string;
  /** Another user and group to run as. */
  identity?: { uid: number; gid: number } | undefined;
  /** It is up once it has said this. */
  ready: RegExp;
}

/**
 * Starts a server and waits until it says that it is ready.
 *
 * @throws {Error} with all that it said, where it ends before
 */
export async function startChild(
  command: string,
  args: readonly string[],
  { folder, identity, ready }: ChildOptions,
): Promise<ChildProcess> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
  const log = createWriteStream(join(folder, 'server.log'), { flags: 'a' });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        log.write(chunk);
        said += chunk.toString();
        if (ready.test(said)) resolve();
      });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${command} ended with exit code ${code ?? 'none'}: ${said}`)),
    );
    // Later than its end where it leaves children behind, who have their last words to say.
    child.once('close', () => log.end());
  });
  return child;
}

/** Sends a signal and waits for the end. */
export async function endChild(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
