import Sqlite from 'better-sqlite3';
import { fileLimitMissing, isHere, limitFiles, startRelay } from '@quicprochat/testkit';
import { test, vi } from 'vitest';
import { talkAcrossFailure, type FailingDevice } from './support/edges/across-failure.ts';
import { ProcessDevice } from './support/edges/process-device.ts';
import type { Hear } from './support/edges/tab.ts';

vi.setConfig({ testTimeout: 120_000 });

type Fail = FailingDevice<ProcessDevice>['fail'];

const fullDisk: Fail = async ({ tabs: [tab] }) => {
  const pid = tab!.pid!;
  limitFiles(pid, 1);
  return () => limitFiles(pid, undefined);
};

const lockedDatabase: Fail = async ({ path }) => {
  const other = new Sqlite(path);
  other.exec('BEGIN IMMEDIATE');
  return () => {
    other.exec('ROLLBACK');
    other.close();
  };
};

const inSqlite = async (fail: Fail) => {
  const relay = await startRelay();
  const start = (options: { handle: string; hear: Hear }) =>
    ProcessDevice.start({ ...options, relay: relay.url });
  await talkAcrossFailure(relay.url, { start, fail }).finally(() => relay.kill());
};

test.skipIf(!isHere(fileLimitMissing))(
  'on a full disk, the SDK refuses what it cannot store in SQLite, and goes on by itself afterwards',
  () => inSqlite(fullDisk),
);

test('while another process keeps the database locked, the SDK refuses what it cannot store, and goes on by itself afterwards', () =>
  inSqlite(lockedDatabase));
