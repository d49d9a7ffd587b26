// What takes too long, or needs too much, for every run of the tests: `pnpm prove` lists the proofs, `pnpm prove NAME`
// runs one, and what follows NAME goes to it.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Each proof: what it shows, and the command that shows it. */
const PROOFS = {
  histories: {
    shows: '2,000 random histories of a group end as predicted, and properties hold in 2,000 cases each',
    env: { QPC_CASES: '2000' },
    command: [...cargoTest('histories', 'properties'), '--', '--nocapture'],
  },
  openmls: {
    shows: 'the patched openmls and the published one agree in 200 random groups that both are members of',
    env: { QPC_CASES: '200' },
    command: [...cargoTest('openmls_agrees'), '--', '--nocapture'],
  },
  healing: {
    shows:
      'stolen records open nothing that was read before and nothing after the next commit, in 500 histories',
    env: { QPC_SEEDS: '500' },
    command: [...cargoTest('healing'), '--', '--nocapture'],
  },
  adversary: {
    shows: 'no rule of RFC 9420 can be broken, and every flipped bit of what arrives is refused',
    env: { QPC_BITS: 'all' },
    command: cargoTest('adversary', 'rules', 'welcomes', 'points'),
  },
  hostile: {
    shows: 'the same flipped bits through WebAssembly',
    env: { QPC_BITS: 'all' },
    command: ['pnpm', '--filter', '@quicprochat/core-wasm', 'exec', 'vitest', 'run', 'test/hostile.test.ts'],
  },
  fuzz: {
    shows: 'nine fuzzers for five minutes each find nothing (needs cargo-fuzz and a nightly toolchain)',
    command: ['scripts/fuzz', '300'],
  },
  interop: {
    shows: 'our WebAssembly and ts-mls agree in 2,000 random groups; --seeds N --from N for others',
    command: ['node', '--conditions=@quicprochat/source', 'packages/core-wasm/test/interop/prove.ts'],
  },
  order: {
    shows:
      'in 1,000 rounds of 100 clients who commit at once, through one process on SQLite and through three on PostgreSQL, one wins each (needs PostgreSQL)',
    env: { CI: 'true', QPC_ROUNDS: '1000' },
    command: ['pnpm', '--filter', '@quicprochat/relay-app', 'exec', 'vitest', 'run', 'test/order.test.ts'],
  },
  converge: {
    shows:
      '100 real clients heal at once, ten times over: every one of them does, in 1,000 epochs of which none is left out, and all end in the same one',
    env: { QPC_MEMBERS: '100', QPC_STORMS: '10' },
    command: ['pnpm', '--filter', '@quicprochat/sdk', 'exec', 'vitest', 'run', 'test/contention.test.ts'],
  },
  durability: {
    shows:
      'the relay process, killed 1,000 times under load on each store, loses and doubles nothing that it acknowledged (needs PostgreSQL); QPC_SEED=N for other points',
    env: { CI: 'true', QPC_KILLS: '1000' },
    command: [
      ...['pnpm', '--filter', '@quicprochat/relay-app', 'exec', 'vitest', 'run'],
      ...['test/durability.test.ts'],
    ],
  },
  failover: {
    shows:
      'a relay loses and doubles nothing that it acknowledged while PostgreSQL fails over to its synchronous standby 200 times under load (needs PostgreSQL)',
    env: { CI: 'true', QPC_PROMOTIONS: '200' },
    command: ['pnpm', '--filter', '@quicprochat/relay-app', 'exec', 'vitest', 'run', 'test/failover.test.ts'],
  },
  'fuzz-relay': {
    shows:
      'in ten minutes of calls to every procedure, whole, changed and broken, a relay answers with nothing but results and typed errors, and holds no more memory than before; QPC_SEED=N, QPC_FUZZ_SECONDS=N',
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
  console.error(`prove: there is no proof "${name}". These are there:`);
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

function list() {
  for (const [proof, { shows }] of Object.entries(PROOFS)) console.log(`${proof}  ${shows}`);
}
