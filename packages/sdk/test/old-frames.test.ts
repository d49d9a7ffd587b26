import { copyFile, cp, mkdtemp, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import { platform } from '#platform';
import { coreKeyOf, groupPrefixes, OWN_PREFIXES } from '../src/state/core-keys.ts';
import { SealedStorage } from '../src/state/sealed-storage.ts';
import { hasCode } from '../src/model/errors.ts';
import { absolute } from '../src/platform/files.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import type { StoredRow } from '../src/storage/storage.ts';
import { WorkerCore } from '../src/worker/worker-core.ts';
import { people, same } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

const WAL_HEAD = 32;
const FRAME_HEAD = 24;
/** The kind in the core's keys. */
const ERASABLE_KEY = 5;

test('a database that is cut back to any earlier frame of its log opens the epoch of now, or none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-frames-'));
  const path = join(folder, 'device.db');
  const alice = await town.join('alice', { storage: sqliteStorage(path), live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  const copies: string[] = [];
  const take = async () => {
    const copy = join(folder, `copy-${copies.length}`);
    await cp(path, join(copy, 'device.db'), { recursive: true });
    await copyFile(`${path}-wal`, join(copy, 'device.db-wal'));
    await copyFile(`${path}.ring`, join(copy, 'device.db.ring'));
    copies.push(copy);
  };
  for (let round = 0; round < 4; round++) {
    await talk(alice, bob, tea, take);
    await same(bob, tea).heal();
    await alice.sync();
    await take();
  }
  await talk(alice, bob, tea, take);
  const [id, now] = [tea.id as GroupId, tea.epoch];
  await alice.close();

  await using thief = new Thief();
  const tried = { shut: 0, open: 0, ofThen: new Set<number>() };
  for (const copy of copies) {
    const file = join(copy, 'device.db');
    await copyFile(`${path}.key`, `${file}.key`);
    const log = await readFile(`${file}-wal`);
    for (const length of cutsOf(log)) {
      await restore(file, log, length);
      const then = await thief.epochOf(file, id);
      if (then !== undefined) tried.ofThen.add(then);
    }
    await copyFile(`${path}.ring`, `${file}.ring`);
    for (const length of cutsOf(log)) {
      await restore(file, log, length);
      const epoch = await thief.epochOf(file, id);
      expect([undefined, now], `${copy} at ${length}`).toContain(epoch);
      tried[epoch === undefined ? 'shut' : 'open'] += 1;
    }
  }
  // With the rings of their times they open, each in its epoch.
  expect(tried.ofThen.size).toBeGreaterThan(4);
  expect(tried.shut).toBeGreaterThan(50);
  expect(tried.open).toBeGreaterThan(3);
}, 240_000);

async function talk(alice: Client, bob: Client, tea: Conversation, take: () => Promise<void>) {
  for (const n of [1, 2]) {
    await tea.send(`alice ${n}`);
    await bob.sync();
    await same(bob, tea).send(`bob ${n}`);
    await alice.sync();
    await take();
  }
}

/** After each frame; the log is empty before the first. */
function cutsOf(log: Buffer): number[] {
  if (log.length < WAL_HEAD) return [log.length];
  const frame = FRAME_HEAD + log.readUInt32BE(8);
  const count = Math.floor((log.length - WAL_HEAD) / frame);
  return Array.from({ length: count + 1 }, (_, frames) => WAL_HEAD + frames * frame);
}

/** SQLite changes both files when it closes them. */
async function restore(file: string, log: Buffer, length: number): Promise<void> {
  const whole = `${file}.whole`;
  await copyFile(whole, file).catch(() => copyFile(file, whole));
  await writeFile(`${file}-wal`, log);
  await truncate(`${file}-wal`, length);
}

/** Asks the core alone, without the rules that a client puts around it. */
class Thief {
  readonly #core = new WorkerCore(() => platform.spawnWorker(undefined));
  readonly #started = this.#core.initialize(absolute(platform.wasmUrl));

  /** The epoch whose keys the files hold; undefined if they hold none. */
  async epochOf(file: string, id: GroupId): Promise<number | undefined> {
    await this.#started;
    const inner = await sqliteStorage(file);
    const storage = new SealedStorage(inner, platform.random);
    const read = async (prefixes: string[]) =>
      (await Promise.all(prefixes.map((prefix) => storage.scan({ prefix })))).flat().map(recordOf);
    try {
      const [own, records] = [await read(OWN_PREFIXES), await read(groupPrefixes(id))];
      const isThere = ({ key }: { key: Uint8Array }) => key[0] !== ERASABLE_KEY;
      if (!own.some(isThere) || !records.some(isThere)) return undefined;
      await this.#core.call('client.open', { storeKey: (await inner.storeKey())!, records: own });
      const groupId = hex.decode(id);
      await this.#core.call('group.load', { groupId, records });
      return (await this.#core.call('group.state', { groupId, knownEpoch: undefined })).result.epoch;
    } catch (error) {
      if (hasCode(error, 'KEYS_ERASED')) return undefined;
      throw error;
    } finally {
      await storage.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#core.terminate();
  }
}

function recordOf({ key, value }: StoredRow) {
  return { key: coreKeyOf(key), value };
}
