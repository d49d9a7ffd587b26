import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endChild } from './child.ts';
import { eventually } from '../eventually.ts';
import { freePort } from './free-port.ts';
import { initialise, newFolder, run, serve, urlOf } from './postgres-programs.ts';
import { startTcpSwitch } from './tcp-switch.ts';

/** A primary that has nothing acknowledged before its standby has it on disk, too, and an address that leads to the primary. */
export interface PostgresPair {
  readonly url: string;
  /** Kills the primary (SIGKILL), promotes the standby, and lets the address lead to it. From then on there is no standby. */
  failOver(): Promise<void>;
  /** A new standby for the primary that there is, which waits for it from then on. */
  addStandby(): Promise<void>;
  /** Nothing comes through to the standby any more. */
  cutReplication(): void;
  /** Stops both and deletes their folders. */
  remove(): Promise<void>;
}

interface Server {
  folder: string;
  data: string;
  port: number;
  child: ChildProcess;
}

export interface PairOptions {
  /** Without it the primary does not wait for its standby, and a failover can lose what was acknowledged. */
  synchronous?: boolean;
}

export async function startPostgresPair({ synchronous = true }: PairOptions = {}): Promise<PostgresPair> {
  const [clients, replication] = [await startTcpSwitch(), await startTcpSwitch()];
  let primary = await startPrimary();
  let standby: Server | undefined;

  const addStandby = async () => {
    replication.pointTo(primary.port);
    standby = await startStandby(replication.port);
    // Only now: without a standby, a primary that waits for one takes no writes.
    if (synchronous) await query(primary, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await query(primary, 'SELECT pg_reload_conf()');
    const written = await query(primary, 'SELECT pg_current_wal_flush_lsn()');
    await eventually('the standby has what the primary has', async () => {
      const state = await query(
        primary,
        `SELECT sync_state, flush_lsn >= '${written}' FROM pg_stat_replication`,
      );
      return state === `${synchronous ? 'sync' : 'async'}|t`;
    });
  };

  clients.pointTo(primary.port);
  await addStandby();
  return {
    url: urlOf(clients.port),
    addStandby,
    failOver: async () => {
      if (standby === undefined) throw new Error('there is no standby');
      await endChild(primary.child, 'SIGKILL');
      clients.pointTo(undefined);
      await run(standby.folder, 'pg_ctl', ['promote', '-D', standby.data]);
      await rm(primary.folder, { recursive: true, force: true });
      [primary, standby] = [standby, undefined];
      clients.pointTo(primary.port);
    },
    cutReplication: () => replication.pointTo(undefined),
    remove: async () => {
      for (const server of [primary, standby]) {
        if (server === undefined) continue;
        await endChild(server.child, 'SIGQUIT');
        await rm(server.folder, { recursive: true, force: true });
      }
      await clients.close();
      await replication.close();
    },
  };
}

async function startPrimary(): Promise<Server> {
  const folder = await newFolder();
  const cluster = { folder, data: join(folder, 'data'), port: await freePort() };
  initialise(folder, cluster.data);
  return { ...cluster, child: await serve(cluster) };
}

/** A copy of the server behind a port, which follows it from then on. */
async function startStandby(port: number): Promise<Server> {
  const folder = await newFolder();
  const cluster = { folder, data: join(folder, 'data'), port: await freePort() };
  const source = ['-d', urlOf(port), '-D', cluster.data, '--write-recovery-conf', '--no-sync'];
  await run(folder, 'pg_basebackup', [...source, '--checkpoint=fast', '--wal-method=stream']);
  return { ...cluster, child: await serve(cluster) };
}

/** The rows of an operator's statement, with `|` between their columns. */
function query({ folder, port }: Server, statement: string): Promise<string> {
  return run(folder, 'psql', ['-XAtq', '-c', statement, urlOf(port)]);
}
