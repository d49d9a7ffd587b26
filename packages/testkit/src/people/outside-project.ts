import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endChild } from '../servers/child.ts';
import { eventually } from '../eventually.ts';

const SDK = fileURLToPath(new URL('../../../sdk', import.meta.url));

/** By which npm says that it did not get through to its registry. */
const UNREACHABLE =
  /npm error (code|errno) (E5\d\d|EAI_AGAIN|ECONN\w+|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|ENOTFOUND|ERR_SOCKET_TIMEOUT|ETIMEDOUT|FETCH_ERROR)/;

/** A third party's project: a folder outside of the workspace, in which the SDK's tarball is installed. */
export interface OutsideProject {
  readonly folder: string;
  /** Runs a program of the project to its end, and gives what it printed. */
  run(command: string, args: readonly string[], env?: Record<string, string>): Promise<string>;
  /** Starts a server of the project and waits until it answers at the address. */
  serve(command: string, args: readonly string[], url: string): Promise<ChildProcess>;
  /** Stops its servers and deletes it. */
  remove(): Promise<void>;
}

export interface OutsideOptions {
  /** The folder that the project is a copy of; by default it is empty. */
  template?: string;
  /** Whether the package builds itself first, as it does when it is published; by default it is packed as it is. */
  prepack?: boolean;
  /** More environment for npm. */
  env?: Record<string, string>;
}

/**
 * Packs the SDK and installs the tarball into a new project, from npm's cache and registry. If the registry cannot be
 * reached, that is an error in CI; elsewhere it is printed, and undefined is returned.
 */
export async function installOutside({ template, prepack = false, env = {} }: OutsideOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-third-party-'));
  const project = projectAt(folder);
  try {
    if (template !== undefined) await cp(template, folder, { recursive: true });
    await dependOnTarball(folder, await pack(folder, prepack));
    await project.run(
      'npm',
      ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'],
      env,
    );
    return project;
  } catch (error) {
    await project.remove();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    if (!UNREACHABLE.test(said)) throw error;
    const missing =
      'The test of the packed SDK was skipped: npm cannot reach its registry to install what the project needs.';
    if (process.env['CI'] !== undefined) throw new Error(missing, { cause: error });
    console.warn(missing);
    return undefined;
  }
}

/** Without `prepack` nothing is built: that would pull dist from under other tests. */
async function pack(folder: string, prepack: boolean): Promise<string> {
  const scripts = prepack ? [] : ['--config.ignore-scripts=true'];
  await promisify(execFile)('pnpm', [...scripts, 'pack', '--pack-destination', folder], { cwd: SDK });
  const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('pnpm pack made no tarball');
  return tarball;
}

async function dependOnTarball(folder: string, tarball: string): Promise<void> {
  const path = join(folder, 'package.json');
  const text = await readFile(path, 'utf8').catch(
    () => '{ "name": "third-party", "private": true, "type": "module" }',
  );
  const manifest = JSON.parse(text) as { dependencies?: Record<string, string> };
  manifest.dependencies = { ...manifest.dependencies, '@quicprochat/sdk': `file:./${tarball}` };
  await writeFile(path, JSON.stringify(manifest));
}

function projectAt(folder: string): OutsideProject {
  const servers: ChildProcess[] = [];
  return {
    folder,
    run: async (command, args, env = {}) => {
      const options = { cwd: folder, env: environment(folder, env), maxBuffer: 16 * 1024 * 1024 };
      return (await promisify(execFile)(command, args, options)).stdout;
    },
    serve: async (command, args, url) => {
      let said = '';
      const server = spawn(command, args, {
        cwd: folder,
        env: environment(folder),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      servers.push(server);
      for (const stream of [server.stdout, server.stderr])
        stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const answers = async () => {
        if (server.exitCode !== null)
          throw new Error(`${command} ended with exit code ${server.exitCode}: ${said}`);
        const response = await fetch(url).catch(() => undefined);
        await response?.body?.cancel();
        return response?.ok === true;
      };
      // Development servers compile the first page when it is asked for.
      await eventually(`${command} answers at ${url}`, answers, { timeoutMs: 120_000 });
      return server;
    },
    remove: async () => {
      await Promise.all(servers.map((server) => endChild(server, 'SIGTERM')));
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** What a person's shell would have. Nothing of the test runner's: bundlers look at NODE_ENV, and Node at conditions. */
const KEPT = new Set([
  ...['ci', 'home', 'path', 'tmpdir', 'node_extra_ca_certs', 'ssl_cert_dir', 'ssl_cert_file'],
  ...[
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'npm_config_cache',
    'npm_config_registry',
    'npm_config_userconfig',
  ],
]);

function environment(folder: string, more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (!KEPT.has(name.toLowerCase())) Reflect.deleteProperty(env, name);
  const path = [join(folder, 'node_modules/.bin'), env['PATH']].join(':');
  return { ...env, NEXT_TELEMETRY_DISABLED: '1', ...more, PATH: path };
}
