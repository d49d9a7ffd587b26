import { rm } from 'node:fs/promises';
import {
  isHere,
  newId,
  newSigner,
  postgresMissing,
  startPostgres,
  startRelay,
  type PostgresServer,
  type RelayProcess,
} from '@quicprochat/testkit';
import type { GroupEntry } from '@quicprochat/protocol';
import { afterEach, expect, test } from 'vitest';
import { refusalOf } from '../../../packages/relay/test/support/api.ts';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';

const withPostgres = isHere(postgresMissing);

/** `pnpm prove order` plays more. */
const ROUNDS = Number(process.env['QPC_ROUNDS'] ?? 10);
const CLIENTS = 100;
const TIMEOUT_MS = 60_000 + ROUNDS * 5_000;

let relays: RelayProcess[] = [];
let postgres: PostgresServer | undefined;
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.kill()));
  await Promise.all(relays.map(({ folder }) => rm(folder, { recursive: true, force: true })));
  await postgres?.remove();
  postgres = undefined;
});

async function start(processes: number, env: Record<string, string> = {}): Promise<void> {
  const one = () => startRelay({ env: { QPC_RATE_FACTOR: '1000', ...env } });
  relays = await Promise.all(Array.from({ length: processes }, one));
}

interface Rival {
  id: string;
  nextKey: ReturnType<typeof newSigner>;
}

/** All commit on one epoch at once, each through one of the relays. The one who wins; all others have to be told so. */
async function race(views: readonly TestGroup[], epoch: number): Promise<Rival> {
  const rivals = Array.from({ length: CLIENTS }, (): Rival => ({ id: newId(), nextKey: newSigner() }));
  const outcomes = await Promise.all(
    rivals.map(async (rival, i) => {
      const view = views[i % views.length] ?? expect.unreachable();
      const call = view.api.groups.commit.mutate(view.commitInput({ ...rival, epoch }));
      return call.then(
        ({ sequence }) => ({ rival, sequence }),
        () => refusalOf(call),
      );
    }),
  );
  const won = outcomes.filter((outcome) => 'rival' in outcome);
  expect(won.map(({ sequence }) => sequence)).toEqual([epoch + 1]);
  const winner = won[0]?.rival ?? expect.unreachable();
  const details = {
    winner: { id: winner.id, sequence: epoch + 1 },
    head: { epoch: epoch + 1, sequence: epoch + 1 },
  };
  const lost = outcomes.filter((outcome) => 'code' in outcome);
  expect(lost).toEqual(
    Array.from({ length: CLIENTS - 1 }, () => ({ code: 'EPOCH_CONFLICT', retryable: false, details })),
  );
  return winner;
}

async function logOf(view: TestGroup): Promise<GroupEntry[]> {
  const entries: GroupEntry[] = [];
  for (let more = true; more;) {
    const page = await view.read({ cursor: entries.length });
    entries.push(...page.entries);
    more = page.more;
  }
  return entries;
}

/** Rounds of races for one group: the same log at each relay, of all who won, in order and without an epoch left out. */
async function expectOneWinnerEach(): Promise<void> {
  const created = await new TestGroup(relays[0]?.url ?? '').create();
  // One set of keys, and a view of the group at each relay.
  const views = relays.map(({ url }) => new TestGroup(url, created.id, created.keys));
  const winners: string[] = [];
  for (let epoch = 0; epoch < ROUNDS; epoch += 1) {
    const winner = await race(views, epoch);
    created.keys.push(winner.nextKey);
    winners.push(winner.id);
  }
  for (const view of views) {
    const entries = await logOf(view);
    expect(entries.map(({ id }) => id)).toEqual(winners);
    expect(entries.map(({ sequence, epoch }) => [sequence, epoch])).toEqual(
      winners.map((_, i) => [i + 1, i]),
    );
  }
}

const title = (where: string) =>
  `RLY-40 RLY-42 ${CLIENTS} clients commit on one epoch at once, ${where}, ${ROUNDS} rounds: one winner each`;

test(
  title('through a relay on SQLite'),
  async () => {
    await start(1);
    await expectOneWinnerEach();
  },
  TIMEOUT_MS,
);

test.runIf(withPostgres)(
  `${title('through three processes on PostgreSQL')} RLY-72`,
  async () => {
    postgres = await startPostgres();
    await start(3, { QPC_DATABASE: postgres.url });
    await expectOneWinnerEach();
  },
  TIMEOUT_MS,
);
