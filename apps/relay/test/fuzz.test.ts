import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RELAY_ERRORS } from '@quicprochat/protocol';
import { relayRouter } from '@quicprochat/relay';
import { Rng, startRelay, type RelayProcess } from '@quicprochat/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf } from '../../../packages/relay/test/support/api.ts';
import { expectWhole } from './support/durability/check.ts';
import { CALLS } from './support/fuzz/calls.ts';
import { change, changedText, type Change } from './support/fuzz/changes.ts';
import { heapOf, withCollector } from './support/fuzz/heap.ts';
import { Coverage, outcomesOf } from './support/fuzz/verdict.ts';
import { bending, requestOf, Wire, type Bending } from './support/fuzz/wire.ts';
import { World, type Call, type Procedure } from './support/fuzz/world.ts';

const SEED = Number(process.env['QPC_SEED'] ?? 1);
/** `pnpm prove fuzz-relay` goes on for longer. */
const SECONDS = process.env['QPC_FUZZ_SECONDS'];
const ROUNDS = 3;
const RUNS = 30;
const MS_A_ROUND = SECONDS === undefined ? 120_000 : (Number(SECONDS) * 1_000) / ROUNDS;

/**
 * What a relay may hold more of after the last round than after the one before, by its own account of its heap after a
 * collection. What it keeps on purpose is bounded, and nearly full by then. A round is 1,500 calls, a long one tens of
 * thousands.
 */
const MAX_GROWTH_BYTES = (SECONDS === undefined ? 1 : 4) * 1024 * 1024;

/** All there are, by the router itself. */
const PROCEDURES = Object.keys(relayRouter._def.procedures) as Procedure[];
/** What is wrong with nobody's input. */
const NOT_ASKED_FOR = ['INTERNAL', 'UNAVAILABLE', 'RATE_LIMITED'];
/** What only the routes of blobs answer, and no procedure. */
const OF_ROUTES = ['OFFSET_CONFLICT'];
/** Codes that requests get before their procedure is looked up. Protocol versions have tests of their own. */
const OF_REQUESTS = ['PROTOCOL_VERSION_MISMATCH'];

let relay: RelayProcess;
beforeAll(async () => {
  // Rates are another test's, and would stop this one.
  // Pushes go to a name that nobody can have (RFC 2606).
  const env = { ...withCollector, QPC_RATE_FACTOR: '1000000', QPC_PUSH_HOSTS: 'push.invalid' };
  relay = await startRelay({ env });
});
afterAll(async () => {
  await relay.kill();
  await rm(relay.folder, { recursive: true, force: true });
});

interface Step {
  calls: { procedure: Procedure; seed: number; changes: readonly Change[] }[];
  bend: Bending;
}

const call = fc.record({
  procedure: fc.constantFrom(...PROCEDURES),
  seed: fc.nat(),
  // As often as not, the call is as it was signed.
  changes: fc.oneof(fc.constant<Change[]>([]), fc.array(change, { minLength: 1, maxLength: 3 })),
});
const step: fc.Arbitrary<Step> = fc.record({
  calls: fc.oneof({ weight: 5, arbitrary: fc.tuple(call) }, fc.array(call, { maxLength: 20, size: 'max' })),
  bend: bending,
});

async function make({ calls, bend }: Step, world: World, wire: Wire, coverage: Coverage): Promise<void> {
  const made: (Call & { text: string })[] = [];
  for (const { procedure, seed, changes } of calls) {
    const valid = await CALLS[procedure](world, new Rng(seed));
    made.push({ ...valid, text: changedText(valid.input, changes) });
  }
  const sent = requestOf(made, bend);
  const outcomes = outcomesOf(await wire.send(sent), sent);
  // One answer for all of them is a refusal of the request, and is nobody's.
  if (outcomes.length !== made.length) return;
  for (const [i, { procedure, succeeded }] of made.entries()) {
    const outcome = outcomes[i] ?? expect.unreachable();
    coverage.add(procedure, outcome);
    if (outcome === 'OK') await succeeded?.();
  }
}

test(
  `RLY-2 RLY-3 whatever is sent to any procedure (seed ${SEED}), answers are typed, and the relay stays as it was`,
  async () => {
    const coverage = new Coverage();
    const world = await World.create(relay.url);
    using wire = new Wire(relay.url);
    const heaps: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const steps = fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
        async (all) => {
          for (const one of all) await make(one, world, wire, coverage);
          expect((await apiOf(relay.url).auth.challenge.mutate({})).challenge).toHaveLength(43);
        },
      );
      await fc.assert(steps, {
        seed: SEED * ROUNDS + round,
        numRuns: SECONDS === undefined ? RUNS : Number.MAX_SAFE_INTEGER,
        interruptAfterTimeLimit: MS_A_ROUND,
        // The world goes on, so what failed once need not fail again: there is nothing to shrink.
        endOnFailure: true,
        asyncReporter: tell,
      });
      heaps.push(await heapOf(relay));
    }
    console.log(
      `${coverage.calls} calls, heap after rounds: ${heaps.map(mebibytes).join(', ')}\n${coverage.lines}`,
    );

    const [before = 0, after = Infinity] = heaps.slice(-2);
    expect(after - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect(readFileSync(join(relay.folder, 'relay.log'), 'utf8')).not.toContain('incident');
    await expectWhole({ path: join(relay.folder, 'relay.db') });
    for (const procedure of PROCEDURES) {
      const outcomes = coverage.outcomesOf(procedure);
      expect(outcomes, procedure).toContain('OK');
      expect(outcomes.length, procedure).toBeGreaterThan(1);
    }
    const refusals = Object.keys(RELAY_ERRORS).filter(
      (code) => ![...NOT_ASKED_FOR, ...OF_ROUTES, ...OF_REQUESTS].includes(code),
    );
    expect(refusals.filter((code) => !coverage.outcomes.has(code as never))).toEqual([]);
  },
  ROUNDS * MS_A_ROUND + 120_000,
);

/** What fast-check would add is thousands of lines of calls; the error names the one that it is about. */
async function tell({
  failed,
  errorInstance,
  seed,
  counterexamplePath,
}: fc.RunDetails<[Step[]]>): Promise<void> {
  if (!failed) return;
  throw new Error(`with seed ${seed}, path ${counterexamplePath}`, { cause: errorInstance });
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
