import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventually,
  fileLimitMissing,
  limitFiles,
  type RelayProcess,
  s3Missing,
  type S3Server,
  startRelay,
  startS3,
} from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newBlob, refusalIn, TestBlob } from '../../../packages/relay/test/support/blob.ts';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';
import { runRelay } from './support/run-relay.ts';

const MIB = 1024 * 1024;

let relay: RelayProcess;
beforeAll(async () => {
  relay = await startRelay({ env: { QPC_RATE_FACTOR: '1000' } });
});
afterAll(async () => {
  await relay.kill();
  rmSync(relay.folder, { recursive: true, force: true });
});

const files = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());

test('without a setting, attachments lie beside the database, and are their owner’s alone', async () => {
  const group = await new TestGroup(relay.url).create();
  await newBlob(relay.url, group, 100).upload();
  const folder = join(relay.folder, 'blobs');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const file of files(folder)) {
    expect(statSync(join(file.parentPath, file.name)).mode & 0o777).toBe(0o600);
    expect(statSync(file.parentPath).mode & 0o777).toBe(0o700);
  }
});

test('RLY-88 killed in the middle of uploads and started again, it has all that it said it has, and they go on', async () => {
  const group = await new TestGroup(relay.url).create();
  const blob = await newBlob(relay.url, group, 40 * MIB).create({ sha256: 'right' });
  let told = 0;
  for (let round = 0; round < 5; round += 1) {
    const aim = told + 4 * MIB;
    // Slowly enough to be killed in the middle.
    const sending = blob
      .patch(told, undefined, { body: dripOf(blob.bytes.subarray(told)) })
      .catch(() => undefined);
    await eventually('the upload gets on', async () => (told = await blob.offset()) >= aim);
    await relay.kill();
    await sending;
    await relay.start();
    // Nothing that was told is lost.
    const offset = await blob.offset();
    expect(offset).toBeGreaterThanOrEqual(told);
    told = offset;
  }
  expect(told).toBeLessThan(blob.bytes.length);
  expect((await blob.patch(told)).status).toBe(204);
  expect((await blob.download()).equals(blob.bytes)).toBe(true);
}, 60_000);

test.skipIf(fileLimitMissing !== undefined)(
  'RLY-88 an upload that the system cuts short is UNAVAILABLE, leaves nothing half, and goes on when there is room',
  async () => {
    const group = await new TestGroup(relay.url).create();
    const blob = await newBlob(relay.url, group, 5 * MIB).create();
    await blob.patch(0, MIB);
    const before = files(join(relay.folder, 'blobs')).length;
    limitFiles(relay.pid, 1.5 * MIB);
    const refusal = await refusalIn(await blob.patch(MIB));
    limitFiles(relay.pid, undefined);
    expect(refusal).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(await blob.offset()).toBe(MIB);
    expect(files(join(relay.folder, 'blobs'))).toHaveLength(before);
    const { incident } = refusal.details;
    const log = readFileSync(join(relay.folder, 'relay.log'), 'utf8');
    expect(log).toMatch(new RegExp(`"incident":"${incident}","fault":"BlobStoreFault (EFBIG|ENOSPC) `));
    expect((await blob.patch(MIB)).status).toBe(204);
    expect((await blob.download()).equals(blob.bytes)).toBe(true);
  },
);

test('RLY-93 the log names no attachment and no token', async () => {
  const group = await new TestGroup(relay.url).create();
  const blob = await newBlob(relay.url, group, 100).upload();
  const token = await blob.open();
  await blob.get(token);
  await blob.get('wrong');
  const log = readFileSync(join(relay.folder, 'relay.log'), 'utf8');
  for (const secret of [blob.id, token, blob.uploadToken, group.id]) expect(log).not.toContain(secret);
});

test('with PostgreSQL or without a file there is no place by itself, and attachments are not known', async () => {
  const bare = await startRelay({ env: { QPC_DATABASE: 'sqlite::memory:' } });
  try {
    const blob = newBlob(bare.url, await new TestGroup(bare.url).create());
    await expect(blob.create()).rejects.toThrow('NO_SUCH_PROCEDURE');
  } finally {
    await bare.kill();
  }
});

test.each([
  ['a form that is none', { QPC_BLOBS: 'ftp://hush' }],
  ['a bucket without its service', { QPC_BLOBS: 's3://blobs', QPC_S3_SECRET_ACCESS_KEY: 'hush' }],
  ['a folder that cannot be one', { QPC_BLOBS: 'folder:/dev/null/hush' }],
  [
    'a service that does not answer',
    {
      QPC_BLOBS: 's3://blobs',
      QPC_S3_ENDPOINT: 'http://127.0.0.1:1',
      QPC_S3_ACCESS_KEY_ID: 'hush',
      QPC_S3_SECRET_ACCESS_KEY: 'hush',
    },
  ],
])('%s stops the start with one sentence', async (_name, env) => {
  const { exit, output } = await runRelay({
    QPC_DATABASE: 'sqlite::memory:',
    QPC_PORT: '0',
    QPC_ADMIN_PORT: '0',
    ...env,
  });
  expect(exit).not.toBe(0);
  expect(output.split('\n')).toHaveLength(1);
  expect(output).toMatch(/^QPC_BLOBS/);
  expect(output).not.toMatch(/ at |\.ts:|hush/);
});

test.skipIf(s3Missing !== undefined)(
  'RLY-89 two processes on one bucket are one: created at one, uploaded at both, read at the other; its keys are in no log',
  async () => {
    let s3: S3Server | undefined;
    const started: RelayProcess[] = [];
    try {
      s3 = await startS3();
      const env = {
        // One file for both: what SQLite cannot do between processes is waking, and blobs need none.
        QPC_BLOBS: `s3://${s3.bucket}/relay`,
        QPC_S3_ENDPOINT: s3.endpoint,
        QPC_S3_ACCESS_KEY_ID: s3.accessKeyId,
        QPC_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
        QPC_DATABASE: `sqlite:${join(relay.folder, 'shared.db')}`,
      };
      for (let i = 0; i < 2; i += 1) started.push(await startRelay({ env }));
      const [one, other] = started.map(({ url }) => url) as [string, string];
      const group = await new TestGroup(one).create();
      const blob = await newBlob(one, group, 3 * MIB).create();
      await blob.patch(0, MIB);
      expect((await blob.at(other).patch(MIB)).status).toBe(204);
      const elsewhere = new TestBlob(other, new TestGroup(other, group.id, group.keys), blob.bytes, blob.id);
      expect((await elsewhere.download()).equals(blob.bytes)).toBe(true);
      for (const { folder } of started) {
        const log = readFileSync(join(folder, 'relay.log'), 'utf8');
        for (const secret of [s3.accessKeyId, s3.secretAccessKey]) expect(log).not.toContain(secret);
      }
    } finally {
      for (const process of started) await process.stop();
      await s3?.remove();
    }
  },
  60_000,
);

/** Bytes as a slow line brings them. */
function dripOf(bytes: Buffer): ReadableStream {
  let sent = 0;
  return new ReadableStream({
    type: 'bytes',
    pull: async (controller) => {
      if (sent >= bytes.length) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, 2));
      controller.enqueue(new Uint8Array(bytes.subarray(sent, (sent += 64 * 1024))));
    },
  });
}
