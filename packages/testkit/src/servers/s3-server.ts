import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, startChild } from './child.ts';
import { eventually } from '../eventually.ts';
import { freePort } from './free-port.ts';

/** A real S3 service of its own, with one bucket: Versity's gateway over a folder. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Where its objects lie, as files. */
  readonly folder: string;
  /** Starts it again after {@link kill}, on the same port and the same folder. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Stops it and deletes its folder. */
  remove(): Promise<void>;
}

/** The sentence for a machine without the gateway; undefined if it is there. */
export const s3Missing =
  binary() === undefined
    ? 'Blobs on S3 need versitygw: install it as .ci/run does (go install github.com/versity/versitygw/cmd/versitygw).'
    : undefined;

export async function startS3(): Promise<S3Server> {
  const command = binary();
  if (command === undefined) throw new Error(s3Missing);
  const folder = await mkdtemp(join(tmpdir(), 'qpc-s3-'));
  const port = await freePort();
  const server = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    bucket: 'blobs',
    accessKeyId: `test-${randomBytes(4).toString('hex')}`,
    secretAccessKey: randomBytes(16).toString('hex'),
    folder: join(folder, 'data', 'blobs'),
  };
  // Its buckets are the folders that it finds.
  await mkdir(server.folder, { recursive: true });
  await mkdir(join(folder, 'metadata'));
  let child: ChildProcess | undefined;
  const start = async () => {
    const credentials = ['--access', server.accessKeyId, '--secret', server.secretAccessKey];
    const posix = ['posix', '--sidecar', join(folder, 'metadata'), join(folder, 'data')];
    child = await startChild(
      command,
      ['--port', `127.0.0.1:${port}`, '--region', server.region, ...credentials, ...posix],
      { folder, ready: /listening on/ },
    );
    // It says so a moment before it is true.
    await eventually('the S3 service answers', () =>
      fetch(server.endpoint).then(
        () => true,
        () => false,
      ),
    );
  };
  await start();
  return {
    ...server,
    start,
    kill: () => endChild(child, 'SIGKILL'),
    remove: async () => {
      await endChild(child, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function binary(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), join(homedir(), 'go', 'bin')];
  return folders.map((folder) => join(folder, 'versitygw')).find((path) => existsSync(path));
}
