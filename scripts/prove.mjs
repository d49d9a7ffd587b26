// What takes too long, or needs too much, for every run of the tests: `pnpm prove` lists the proofs, `pnpm prove NAME`
// runs one, and what follows NAME goes to it.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Each proof: what it shows, and the command that shows it. */
const PROOFS = {
  simulation: {
    shows:
      'the SDK, its WebAssembly and the relay in 1,000 seeded runs with faults: nothing is lost, doubled or stuck, and a second run of each seed is the same step by step',
    command: ['pnpm', 'sim', '--seeds', '1000', '--twice'],
  },
  crashes: {
    shows:
      'a tab that dies before any event of sending, adding, removing, updating, joining, leaving, catching up or opening, and in the first and fourth a second time, loses nothing, doubles nothing and is not stuck; names of operations pick some',
    command: ['pnpm', '-s', '--filter', '@quicprochat/simulation', 'crashes'],
  },
  soak: {
    shows:
      'eight live clients write to each other for an hour while 1 % of calls fail and the relay is stopped or killed every two minutes: nothing is lost, doubled or takes a minute, and memory does not grow; QPC_SOAK_MINUTES=N, QPC_SEED=N',
    command: ['pnpm', '-s', '--filter', '@quicprochat/sdk', 'soak'],
  },
  offline: {
    shows:
      'a member that missed 1,000 epochs and 10,000 messages catches up, also when it is killed 100 times meanwhile, and memory does not grow with what it missed; QPC_EPOCHS=N, QPC_MESSAGES=N, QPC_KILLS=N, QPC_SEED=N',
    command: ['pnpm', '-s', '--filter', '@quicprochat/sdk', 'offline'],
  },
  planted: {
    shows:
      'the simulation finds each bug of packages/testkit/simulation/planted within the seeds that its file states, and nothing without them; names pick some',
    command: ['pnpm', '-s', '--filter', '@quicprochat/simulation', 'planted'],
  },
  histories: {
    shows: '2,000 random group histories end as predicted, and each property holds in 2,000 cases',
    env: { QPC_CASES: '2000' },
    command: [...cargoTest('histories', 'properties'), '--', '--nocapture'],
  },
  openmls: {
    shows: 'the patched and the published openmls agree in 200 random groups that have both as members',
    env: { QPC_CASES: '200' },
    command: [...cargoTest('openmls_agrees'), '--', '--nocapture'],
  },
  healing: {
    shows:
      'in 500 histories, stolen records open nothing read before the theft and nothing after the next commit',
    env: { QPC_SEEDS: '500' },
    command: [...cargoTest('healing'), '--', '--nocapture'],
  },
  adversary: {
    shows: 'no rule of RFC 9420 can be broken, and every input with a flipped bit is rejected',
    env: { QPC_BITS: 'all' },
    command: cargoTest('adversary', 'rules', 'welcomes', 'points'),
  },
  hostile: {
    shows: 'the same flipped bits are rejected through WebAssembly',
    env: { QPC_BITS: 'all' },
    command: ['pnpm', '--filter', '@quicprochat/core-wasm', 'exec', 'vitest', 'run', 'test/hostile.test.ts'],
  },
  fuzz: {
    shows: 'nine fuzzers find nothing in five minutes each (needs cargo-fuzz and a nightly toolchain)',
    command: ['scripts/fuzz', '300'],
  },
  interop: {
    shows: 'our WebAssembly and ts-mls agree in 2,000 random groups; --seeds N --from N picks others',
    command: ['node', '--conditions=@quicprochat/source', 'packages/core-wasm/test/interop/prove.ts'],
  },
  order: {
    shows:
      '100 clients commit at once, in 1,000 rounds, and one wins each round: one process on SQLite, three on PostgreSQL (needs PostgreSQL)',
    env: { CI: 'true', QPC_ROUNDS: '1000' },
    command: ['pnpm', '--filter', '@quicprochat/relay-app', 'exec', 'vitest', 'run', 'test/order.test.ts'],
  },
  converge: {
    shows:
      '100 real clients heal at once, ten times: each heals, 1,000 epochs follow without a gap, and all end in the same epoch',
    env: { QPC_MEMBERS: '100', QPC_STORMS: '10' },
    command: sdkTest('test/contention.test.ts'),
  },
  stores: {
    shows:
      'each rule of the relay that has a test holds on PostgreSQL without NATS, too, where the tests show those that a bus matters to (needs PostgreSQL)',
    env: { CI: 'true', QPC_EVERY_RULE: '1' },
    command: [
      ...['pnpm', '--filter', '@quicprochat/relay', 'exec', 'vitest', 'run'],
      ...['--project', 'postgres'],
    ],
  },
  durability: {
    shows:
      'a relay killed 1,000 times under load on each store loses and duplicates nothing that it acknowledged (needs PostgreSQL); QPC_SEED=N picks other moments',
    env: { CI: 'true', QPC_KILLS: '1000' },
    command: [
      ...['pnpm', '--filter', '@quicprochat/relay-app', 'exec', 'vitest', 'run'],
      ...['test/durability.test.ts'],
    ],
  },
  failover: {
    shows:
      'while PostgreSQL fails over to its synchronous standby 200 times under load, a relay loses and duplicates nothing that it acknowledged (needs PostgreSQL)',
    env: { CI: 'true', QPC_PROMOTIONS: '200' },
    command: ['pnpm', '--filter', '@quicprochat/relay-app', 'exec', 'vitest', 'run', 'test/failover.test.ts'],
  },
  tabs: {
    shows:
      'in 2,000 random operations of an account in four tabs of a real Chromium, with tabs killed and frozen, nothing acknowledged is lost or doubled (needs Chromium and Caddy); QPC_SEED=N picks others',
    env: { CI: 'true', QPC_OPERATIONS: '2000' },
    command: [...sdkTest('test/tabs-in-chromium.test.ts'), '-t', 'four tabs'],
  },
  'browser-kills': {
    shows:
      'a real Chromium killed 200 times during such operations loses and doubles nothing acknowledged, and opens the account each time (needs Chromium and Caddy); QPC_SEED=N',
    env: { CI: 'true', QPC_KILLS: '200' },
    command: [...sdkTest('test/tabs-in-chromium.test.ts'), '-t', 'is killed'],
  },
  kills: {
    shows:
      'two processes on one SQLite store, killed 200 times during such operations, lose and double nothing acknowledged; QPC_SEED=N',
    env: { QPC_KILLS: '200' },
    command: sdkTest('test/killed-processes.test.ts'),
  },
  'fuzz-relay': {
    shows:
      'in ten minutes of valid, changed and broken calls to every procedure, a relay answers only with results and typed errors, and its memory does not grow; QPC_SEED=N, QPC_FUZZ_SECONDS=N',
    env: { QPC_FUZZ_SECONDS: '600' },
    command: ['pnpm', '--filter', '@quicprochat/relay-app', 'exec', 'vitest', 'run', 'test/fuzz.test.ts'],
  },
  'kat-wasm': {
    shows: 'the test vectors of RFC 9420 hold in WebAssembly, in Node and in Chromium',
    command: ['scripts/kat-wasm'],
  },
};

const [name, ...args] = process.argv.slice(2);
if (name === undefined) list();
else if (!Object.hasOwn(PROOFS, name)) {
  console.error(`prove: there is no proof "${name}". The proofs are:`);
  list();
  process.exitCode = 2;
} else {
  const [command, ...first] = PROOFS[name].command;
  const env = { ...PROOFS[name].env, ...process.env };
  const { status, error } = spawnSync(command, [...first, ...args], { cwd: ROOT, stdio: 'inherit', env });
  if (error !== undefined) console.error(`prove: ${command} could not be run: ${error.message}`);
  process.exitCode = status ?? 1;
}

function cargoTest(...files) {
  const tests = files.flatMap((file) => ['--test', file]);
  return ['cargo', 'test', '--release', '--locked', '-p', 'quicprochat-core', ...tests];
}

function sdkTest(file) {
  return ['pnpm', '--filter', '@quicprochat/sdk', 'exec', 'vitest', 'run', file];
}

function list() {
  for (const [proof, { shows }] of Object.entries(PROOFS)) console.log(`${proof}  ${shows}`);
}
