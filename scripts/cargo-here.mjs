// Whether Rust can be compiled here, and if not, why: `node scripts/cargo-here.mjs` prints the sentence and fails.
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The environment to run cargo in: rustup's folder is last on PATH, because it is often on no PATH at all. */
export function cargoEnvironment(env = process.env) {
  const folder = join(env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin');
  return { ...env, PATH: [env.PATH, folder].join(delimiter) };
}

/**
 * Why cargo, or one of its subcommands, cannot run here, with the remedy; undefined if it can.
 *
 * @param {string} [subcommand]
 */
export function cargoMissing(subcommand) {
  const { status, stderr, error } = cargo(['--version']);
  if (error?.code === 'ENOENT') return 'cargo is not installed. Install it from https://rustup.rs.';
  if (status !== 0) return withoutToolchain(String(stderr ?? error?.message));
  if (subcommand === undefined || cargo([subcommand, '--help']).status === 0) return undefined;
  return `cargo ${subcommand} is not installed. Install it: \`rustup component add ${componentOf(subcommand)}\`.`;
}

/** rustup's cargo only starts the cargo of a toolchain, and fails without one. */
function withoutToolchain(stderr) {
  const reason = stderr
    .trim()
    .split('\n')[0]
    .replace(/^error: /, '')
    .replace(/\.$/, '');
  const remedy = /rustup|toolchain/.test(stderr) ? ' Install a toolchain: `rustup default stable`.' : '';
  return `cargo is installed but does not run: ${reason}.${remedy}`;
}

function componentOf(subcommand) {
  return subcommand === 'fmt' ? 'rustfmt' : subcommand;
}

function cargo(args) {
  return spawnSync('cargo', args, {
    env: cargoEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const missing = cargoMissing();
  if (missing !== undefined) {
    console.log(missing);
    process.exitCode = 1;
  }
}
