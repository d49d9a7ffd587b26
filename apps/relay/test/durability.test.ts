import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isHere,
  postgresMissing,
  Rng,
  startPostgres,
  startRelay,
  type PostgresServer,
  type RelayProcess,
} from '@quicprochat/testkit';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Store } from './support/durability/check.ts';
import { killUnderLoad } from './support/durability/kills.ts';

const withPostgres = isHere(postgresMissing);

/** `pnpm prove durability` kills more. */
const KILLS = Number(process.env['QPC_KILLS'] ?? 3);
const SEED = Number(process.env['QPC_SEED'] ?? 1);

/** Kills of one store. With more the logs grow, and reading them is most of what happens. */
const MOST_OF_A_SERIES = 100;

/** Each begins with an empty store, and has a seed of its own. */
const SERIES = Array.from({ length: Math.ceil(KILLS / MOST_OF_A_SERIES) }, (_, i) => {
  return { seed: SEED + i, kills: Math.min(MOST_OF_A_SERIES, KILLS - i * MOST_OF_A_SERIES) };
});
const TIMEOUT_MS = 60_000 + MOST_OF_A_SERIES * 15_000;

const COMPILED = mkdtempSync(join(tmpdir(), 'qpc-compiled-'));
afterAll(() => rmSync(COMPILED, { recursive: true }));

let relay: RelayProcess | undefined;
let postgres: PostgresServer | undefined;
afterEach(async () => {
  await relay?.kill();
  await postgres?.remove();
  if (relay !== undefined) await rm(relay.folder, { recursive: true, force: true });
  relay = postgres = undefined;
});

/** A relay that starts in half the time after its first stop: Node keeps what it has compiled, but not where it is killed. */
async function startOften(env: Record<string, string> = {}): Promise<RelayProcess> {
  relay = await startRelay({ env: { QPC_RATE_FACTOR: '1000', NODE_COMPILE_CACHE: COMPILED, ...env } });
  await relay.stop();
  await relay.start();
  return relay;
}

const title = (store: string) =>
  `RLY-42 RLY-43 RLY-46 on ${store}, killed $kills times under load (seed $seed): nothing acknowledged is lost or doubled`;

async function expectNothingLost(
  often: RelayProcess,
  store: Store,
  { name, kills, seed }: { name: string; kills: number; seed: number },
): Promise<void> {
  const { figures, problems } = await killUnderLoad(often, store, { kills, rng: new Rng(seed) });
  console.log(`${name}, seed ${seed}: ${figures}`);
  expect(problems).toEqual([]);
}

test.each(SERIES)(
  title('SQLite'),
  async (series) => {
    const often = await startOften();
    await expectNothingLost(often, { path: join(often.folder, 'relay.db') }, { name: 'SQLite', ...series });
  },
  TIMEOUT_MS,
);

test.runIf(withPostgres).each(SERIES)(
  title('PostgreSQL'),
  async (series) => {
    postgres = await startPostgres();
    const { url } = postgres;
    const often = await startOften({ QPC_DATABASE: url });
    await expectNothingLost(often, { url }, { name: 'PostgreSQL', ...series });
  },
  TIMEOUT_MS,
);
