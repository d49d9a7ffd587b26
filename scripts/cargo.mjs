// The Rust crates as tasks of the workspace: `cargo.mjs test CRATE` and `cargo.mjs lint CRATE`.
// If cargo cannot run, it says in one sentence what was left out and why, and succeeds: the committed artefact serves
// everything else.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cargoEnvironment, cargoMissing } from './cargo-here.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const env = cargoEnvironment();

/** What each task runs: the subcommand that must be there, and its arguments. */
const TASKS = {
  test: (crate) => [['test', '--locked', '-p', crate]],
  lint: (crate) => [
    ['fmt', '-p', crate, '--check'],
    ['clippy', '--locked', '-p', crate, '--all-targets', '--', '-D', 'warnings'],
  ],
};

const [task, crate] = process.argv.slice(2);
const steps = TASKS[task]?.(crate);
if (steps === undefined || crate === undefined) {
  console.error('cargo.mjs: usage: cargo.mjs test CRATE, or cargo.mjs lint CRATE.');
  process.exit(2);
}

for (const step of steps) {
  const missing = cargoMissing(step[0]);
  if (missing !== undefined) {
    console.log(`The ${task} of ${crate} was skipped: ${missing}`);
    continue;
  }
  const { status } = spawnSync('cargo', step, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
