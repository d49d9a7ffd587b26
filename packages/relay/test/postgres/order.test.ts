import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newPostgres } from '../support/database.ts';
import { refusalOf } from '../support/api.ts';
import { TestGroup } from '../support/group.ts';
import { newId, newSigner } from '../support/keys.ts';
import { startNode, type Node } from '../support/nodes.ts';

/** `pnpm prove order` plays more. */
const ROUNDS = Number(process.env['QPC_ROUNDS'] ?? 20);
const CLIENTS = 100;

let database: Awaited<ReturnType<typeof newPostgres>>;
let nodes: Node[];
beforeAll(async () => {
  database = await newPostgres(inject('postgresUrl'));
  nodes = await Promise.all(Array.from({ length: 3 }, () => startNode({ database })));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await database.remove();
});

test(
  `RLY-40 RLY-42 RLY-72 ${CLIENTS} clients commit on one epoch through three relays at once, ${ROUNDS} rounds: one winner each`,
  async () => {
    const created = await new TestGroup(nodes[0]?.url ?? '').create();
    // One set of keys, and a view of the group at each relay.
    const views = nodes.map((node) => new TestGroup(node.url, created.id, created.keys));
    const winners: string[] = [];
    for (let epoch = 0; epoch < ROUNDS; epoch += 1) {
      const rivals = Array.from({ length: CLIENTS }, () => ({ id: newId(), nextKey: newSigner() }));
      const outcomes = await Promise.all(
        rivals.map(async (rival, i) => {
          const group = views[i % views.length] ?? created;
          const call = group.api.groups.commit.mutate(group.commitInput({ ...rival, epoch }));
          return call.then(
            ({ sequence }) => ({ rival, sequence }),
            () => refusalOf(call),
          );
        }),
      );
      const won = outcomes.filter((outcome) => 'rival' in outcome);
      expect(won.map(({ sequence }) => sequence)).toEqual([epoch + 1]);
      const [winner] = won;
      if (winner === undefined) return;
      const told = {
        winner: { id: winner.rival.id, sequence: epoch + 1 },
        head: { epoch: epoch + 1, sequence: epoch + 1 },
      };
      for (const outcome of outcomes)
        if ('code' in outcome) expect(outcome).toMatchObject({ code: 'EPOCH_CONFLICT', details: told });
      created.keys.push(winner.rival.nextKey);
      winners.push(winner.rival.id);
    }
    for (const view of views) {
      const entries = [];
      for (let cursor = 0; cursor < ROUNDS;) {
        const page = await view.read({ cursor });
        entries.push(...page.entries);
        cursor = page.cursor;
      }
      expect(entries.map(({ id }) => id)).toEqual(winners);
      expect(entries.map(({ sequence }) => sequence)).toEqual(winners.map((_, i) => i + 1));
      expect(entries.map(({ epoch }) => epoch)).toEqual(winners.map((_, i) => i));
    }
  },
  60_000 + ROUNDS * 5_000,
);
