import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type * as Testkit from '@quicprochat/testkit';

/** A checkout whose SDK and relay are measured together. */
export interface Contender {
  name: string;
  commit: string;
  root: string;
  startRelay: typeof Testkit.startRelay;
}

/** The name of the checkout that this program belongs to. */
export const CURRENT = 'this checkout';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

/** This checkout, with its SDK built as it is now. */
export async function current(): Promise<Contender> {
  await build(ROOT);
  return contender(CURRENT, ROOT);
}

/** Another revision in a folder of its own, installed and built. */
export async function checkOut(revision: string): Promise<Contender & AsyncDisposable> {
  const commit = await git(ROOT, 'rev-parse', '--verify', `${revision}^{commit}`);
  const root = await mkdtemp(join(tmpdir(), 'qpc-against-'));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    await git(ROOT, 'clone', '--quiet', '--shared', '--no-checkout', ROOT, root);
    await git(root, 'checkout', '--quiet', '--detach', commit);
    await pnpm(root, 'install', '--frozen-lockfile', '--prefer-offline');
    await build(root);
    return { ...(await contender(commit.slice(0, 7), root)), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Its own test kit starts its relay: that one knows what this relay wants to be told. */
async function contender(name: string, root: string): Promise<Contender> {
  const testkit = pathToFileURL(join(root, 'packages/testkit/src/index.ts')).href;
  const { startRelay } = (await import(testkit)) as typeof Testkit;
  return { name, root, commit: await git(root, 'rev-parse', 'HEAD'), startRelay };
}

async function build(root: string): Promise<void> {
  await pnpm(root, 'exec', 'turbo', 'run', 'build', '--filter=@quicprochat/sdk');
}

/** The pnpm that the checkout itself asks for. It tells what went wrong on both of its outputs. */
async function pnpm(root: string, ...parameters: string[]): Promise<void> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  try {
    await run('npx', ['-y', manifest.packageManager, ...parameters], { cwd: root });
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string };
    // eslint-disable-next-line preserve-caught-error -- Node would print both outputs once more with the cause
    throw new Error(`pnpm ${parameters.join(' ')} failed in ${root}:\n${stdout}${stderr}`);
  }
}

async function git(cwd: string, ...parameters: string[]): Promise<string> {
  return (await run('git', parameters, { cwd })).stdout.trim();
}
