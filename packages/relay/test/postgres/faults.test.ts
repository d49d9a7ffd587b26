import { setTimeout as sleep } from 'node:timers/promises';
import { newId, startPostgres, type PostgresServer } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPostgres } from '../support/database.ts';
import { codeOf } from '../support/api.ts';
import { TestGroup } from '../support/group.ts';
import { pingPong, startNode, type Node } from '../support/nodes.ts';

let server: PostgresServer;
let nodes: [Node, Node, Node];
beforeAll(async () => {
  server = await startPostgres();
  const database = await newPostgres(server.url);
  nodes = [await startNode({ database }), await startNode({ database }), await startNode({ database })];
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await server.remove();
});

/** Reads a log to its end. */
async function everything(group: TestGroup) {
  const entries = [];
  for (let cursor = 0, more = true; more;) {
    const page = await group.read({ cursor });
    entries.push(...page.entries);
    ({ cursor, more } = page);
  }
  return entries;
}

test('RLY-7 RLY-73 while the database is away, calls are UNAVAILABLE, and after that they go on', async () => {
  const group = await new TestGroup(nodes[0].url).create();
  await server.crash();
  const id = newId();
  expect(await codeOf(group.post('x', { id }))).toBe('UNAVAILABLE');
  expect(await codeOf(group.read())).toBe('UNAVAILABLE');
  await server.start();
  expect(await group.post('x', { id })).toBe(1);
  await pingPong(nodes[0].wake, nodes[1].wake, 20);
});

test('RLY-43 RLY-46 RLY-73 the database crashes under load: all that was acknowledged is there, once, and nothing has a gap', async () => {
  const created = await new TestGroup(nodes[0].url).create();
  const views = nodes.map((node) => new TestGroup(node.url, created.id, created.keys));
  const acknowledged = new Map<string, number>();
  const refused = new Set<string>();
  const stop = new AbortController();
  /** As a client does: the same entry again until it is answered. */
  const write = async (group: TestGroup) => {
    while (!stop.signal.aborted) {
      const id = newId();
      for (let sequence: number | undefined; sequence === undefined;) {
        const call = group.post('', { id, payload: Buffer.from(id) });
        sequence = await call.catch(async () => {
          refused.add(await codeOf(call));
          await sleep(20);
          return undefined;
        });
        if (sequence !== undefined) acknowledged.set(id, sequence);
      }
    }
  };
  const writers = Array.from({ length: 12 }, (_, i) => write(views[i % views.length] ?? created));
  for (let round = 1; round <= 3; round += 1) {
    const before = acknowledged.size;
    while (acknowledged.size < before + 100) await sleep(5);
    await server.crash();
    await server.start();
  }
  const before = acknowledged.size;
  while (acknowledged.size < before + 100) await sleep(5);
  stop.abort();
  await Promise.all(writers);

  const entries = await everything(created);
  expect([...refused]).toEqual(['UNAVAILABLE']);
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, i) => i + 1));
  expect(new Map(entries.map(({ id, sequence }) => [id, sequence]))).toEqual(acknowledged);
  expect(entries).toHaveLength(acknowledged.size);
}, 90_000);
