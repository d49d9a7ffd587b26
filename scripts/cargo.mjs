// The Rust crates as tasks of the workspace: `cargo.mjs test CRATE` and `cargo.mjs lint CRATE`.
// Where there is no cargo, it says in one sentence what was left out and how to get it, and succeeds: the committed
// artefact serves everything else.
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const CARGO_BIN = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin');
const env = { ...process.env, PATH: [process.env.PATH, CARGO_BIN].join(delimiter) };

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
  if (!isHere(step[0])) {
    const missing = isHere('--version') ? `cargo ${step[0]}` : 'cargo';
    console.log(
      `The ${task} of ${crate} was skipped: ${missing} is not installed. Install it from https://rustup.rs.`,
    );
    continue;
  }
  const { status } = spawnSync('cargo', step, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

function isHere(subcommand) {
  const args = subcommand.startsWith('--') ? [subcommand] : [subcommand, '--help'];
  return spawnSync('cargo', args, { env, stdio: 'ignore' }).status === 0;
}
