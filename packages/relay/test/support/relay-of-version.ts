import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROTOCOL_VERSION } from '@quicprochat/protocol';
import { freePort } from '@quicprochat/testkit';
import { createRelay, localWake, openSqlite, type Relay } from '../../src/index.ts';

/** A relay in this process, which can be replaced by one that speaks another protocol. */
export interface RelayOfVersion {
  /** Its address. It stays the same. */
  readonly url: string;
  /** Puts a relay that speaks this protocol into its place, on the same database. */
  becomes(protocolVersion: number): Promise<void>;
  close(): Promise<void>;
}

export async function startRelayOfVersion(protocolVersion = PROTOCOL_VERSION): Promise<RelayOfVersion> {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-versions-'));
  const port = await freePort();
  const start = async (version: number): Promise<Relay> => {
    const db = await openSqlite(join(folder, 'relay.db'));
    const parts = { db, wake: localWake(), origins: [], rateFactor: 1_000 };
    const relay = createRelay({ ...parts, protocolVersion: version });
    await relay.listen({ host: '127.0.0.1', port });
    return relay;
  };
  let running = await start(protocolVersion);
  return {
    url: `http://127.0.0.1:${port}`,
    becomes: async (version) => {
      await running.close();
      running = await start(version);
    },
    close: async () => {
      await running.close();
      await rm(folder, { recursive: true });
    },
  };
}
