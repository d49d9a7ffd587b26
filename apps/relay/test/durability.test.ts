import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
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

if (postgresMissing !== undefined) {
  if (process.env['CI']) throw new Error(postgresMissing);
  console.warn(postgresMissing);
}

/** `pnpm prove durability` kills more. */
const KILLS = Number(process.env['QPC_KILLS'] ?? 5);
const SEED = Number(process.env['QPC_SEED'] ?? 1);
const TIMEOUT_MS = 60_000 + KILLS * 15_000;

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
  `RLY-42 RLY-43 RLY-46 on ${store}, killed ${KILLS} times under load (seed ${SEED}): nothing acknowledged is lost or doubled`;

async function expectNothingLost(name: string, often: RelayProcess, store: Store): Promise<void> {
  const { figures, problems } = await killUnderLoad(often, store, { kills: KILLS, rng: new Rng(SEED) });
  console.log(`${name}: ${figures}`);
  expect(problems).toEqual([]);
}

test(
  title('SQLite'),
  async () => {
    const often = await startOften();
    await expectNothingLost('SQLite', often, { path: join(often.folder, 'relay.db') });
  },
  TIMEOUT_MS,
);

test.skipIf(postgresMissing !== undefined)(
  title('PostgreSQL'),
  async () => {
    postgres = await startPostgres();
    const { url } = postgres;
    await expectNothingLost('PostgreSQL', await startOften({ QPC_DATABASE: url }), { url });
  },
  TIMEOUT_MS,
);
