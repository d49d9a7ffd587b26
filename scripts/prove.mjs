// What takes too long, or needs too much, for every run of the tests: `pnpm prove` lists the proofs, `pnpm prove NAME`
// runs one, and what follows NAME goes to it.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Each proof: what it shows, and the command that shows it. */
const PROOFS = {
  interop: {
    shows: 'our WebAssembly and ts-mls agree in 2,000 random groups; --seeds N --from N for others',
    command: ['node', '--conditions=@quicprochat/source', 'packages/core-wasm/test/interop/prove.ts'],
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
  const { status, error } = spawnSync(command, [...first, ...args], { cwd: ROOT, stdio: 'inherit' });
  if (error !== undefined) console.error(`prove: ${command} could not be run: ${error.message}`);
  process.exitCode = status ?? 1;
}

function list() {
  for (const [proof, { shows }] of Object.entries(PROOFS)) console.log(`${proof}  ${shows}`);
}
