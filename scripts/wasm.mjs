// The wasm artefact of packages/core-wasm: `build` makes it, `check` proves that it is the sources' own.
//
// It is committed, so that the TypeScript rooms need no Rust. BUILDINFO.json beside it records the hash of every
// source, the versions of the tools and the hash of every file made; with the same tools the build gives the same
// bytes on any machine, and `check` shows it by doing it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const ROOM = join(ROOT, 'packages/core-wasm');
const ARTEFACT = join(ROOM, 'artefact');
const BUILDINFO = join(ARTEFACT, 'BUILDINFO.json');
const NAME = 'quicprochat_wasm';
const FILES = [`${NAME}.d.ts`, `${NAME}.js`, `${NAME}_bg.wasm`];
const CARGO_HOME = process.env.CARGO_HOME ?? join(homedir(), '.cargo');

/** What the artefact is made of. Tests, vectors and benches are not in it. */
const SOURCES = [
  'Cargo.lock',
  'Cargo.toml',
  'crates/core/Cargo.toml',
  'crates/core/src',
  'crates/wasm/Cargo.toml',
  'crates/wasm/src',
  'third_party/openmls/Cargo.toml',
  'third_party/openmls/src',
];

class Failure extends Error {}

function build() {
  const path = toolchainPath();
  const folder = compile(path, 'target/wasm');
  rmSync(ARTEFACT, { recursive: true, force: true });
  cpSync(folder, ARTEFACT, { recursive: true });
  rmSync(folder, { recursive: true });
  const info = { tools: toolVersions(path), files: hashes(ARTEFACT, FILES), sources: sourceHashes() };
  writeFileSync(BUILDINFO, `${JSON.stringify(info, undefined, 2)}\n`);
  console.log(`wasm: built packages/core-wasm/artefact with ${info.tools.rustc}.`);
}

function check({ rebuild }) {
  if (!existsSync(BUILDINFO)) throw new Failure('packages/core-wasm/artefact is missing. Run `pnpm wasm`.');
  const info = JSON.parse(readFileSync(BUILDINFO, 'utf8'));
  const changed = differences(info.sources, sourceHashes());
  if (changed.length > 0) {
    throw new Failure(
      `the artefact is older than its sources (${changed.join(', ')}). Run \`pnpm wasm\` and commit the artefact.`,
    );
  }
  const edited = differences(info.files, hashes(ARTEFACT, FILES));
  if (edited.length > 0) {
    throw new Failure(
      `${edited.join(', ')} in the artefact differs from what was built. Run \`pnpm wasm\` and commit the artefact.`,
    );
  }
  console.log('wasm: the sources and the artefact match BUILDINFO.json.');
  if (!rebuild) {
    console.log(
      'wasm: skipped the rebuild because of --no-rebuild. Without that option, it also compares the bytes.',
    );
    return;
  }
  compareRebuilt(info);
}

/** Builds again with the recorded tools, if they are here, and compares every byte. */
function compareRebuilt(info) {
  const path = availablePath(info.tools);
  if (typeof path !== 'string') {
    console.log(
      `wasm: skipped the rebuild: ${path.reason}. Run scripts/rust-wasm-toolchain to install the tools.`,
    );
    return;
  }
  // From nothing: what an earlier build left could be of other sources or flags.
  const target = 'target/wasm-check';
  rmSync(join(ROOT, target), { recursive: true, force: true });
  const folder = compile(path, target);
  const rebuilt = hashes(folder, FILES);
  for (const leftover of [folder, join(ROOT, target)]) rmSync(leftover, { recursive: true });
  const different = differences(info.files, rebuilt);
  if (different.length > 0) {
    throw new Failure(
      `a rebuild with the recorded tools gives a different ${different.join(', ')}. Run \`pnpm wasm\`.`,
    );
  }
  console.log('wasm: a rebuild with the recorded tools gives the same bytes.');
}

/** Compiles into a new folder and returns it; `target` is cargo's folder, under the root. */
function compile(path, target) {
  const folder = mkdtempSync(join(tmpdir(), 'quicprochat-wasm-'));
  const made = join(folder, 'made');
  // The sources first: the flags name the folders that they are unpacked into.
  run('cargo', ['fetch', '--locked'], { ...process.env, PATH: path });
  const env = {
    ...process.env,
    PATH: path,
    RUSTFLAGS: rustFlags(path),
    CARGO_TARGET_DIR: join(ROOT, target),
    // Debian's rustc finds its linker by this name; rustup's brings its own and ignores it.
    ...(isDebians(path) ? { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: 'wasm-ld-19' } : {}),
  };
  const pack = [
    'build',
    join(ROOT, 'crates/wasm'),
    '--target',
    'web',
    '--no-pack',
    '--release',
    '--mode',
    'no-install',
  ];
  run('wasm-pack', [...pack, '--out-name', NAME, '--out-dir', made, '--', '--locked'], env);
  const wasm = join(made, `${NAME}_bg.wasm`);
  // -O3 is a fifth smaller than what rustc gives and not slower than -Oz is; names and producers go last.
  run(process.execPath, [wasmOpt(), wasm, '-O3', '--strip-debug', '--strip-producers', '-o', wasm], env);
  const result = join(folder, 'artefact');
  mkdirSync(result);
  for (const file of FILES) cpSync(join(made, file), join(result, file));
  rmSync(made, { recursive: true });
  return result;
}

/**
 * The flags of the build: randomness from crypto.getRandomValues, SIMD (every browser since 2023; tree hashes gain
 * 40 %), and no path of this machine in panic messages.
 */
function rustFlags(path) {
  const sysroot = output('rustc', ['--print', 'sysroot'], path);
  const registry = join(CARGO_HOME, 'registry/src');
  const mirrors = existsSync(registry) ? readdirSync(registry).map((name) => join(registry, name)) : [];
  const remapped = [
    [CARGO_HOME, '/cargo'],
    [ROOT, '/quicprochat'],
    [sysroot, '/rust'],
    // The last that fits wins: the registry's folder is named after the mirror that it came from.
    ...mirrors.map((folder) => [folder, '/cargo/registry']),
  ];
  return [
    '--cfg getrandom_backend="wasm_js"',
    '-C target-feature=+simd128',
    ...remapped.map(([from, to]) => `--remap-path-prefix=${from}=${to}`),
  ].join(' ');
}

/** PATH with the recorded tools in it, or why there is none. */
function availablePath(tools) {
  for (const first of ['', '/usr/bin']) {
    const path = searchPath(first);
    const here = toolVersions(path);
    const wrong = Object.keys(tools).find((tool) => here[tool] !== tools[tool]);
    if (wrong === undefined)
      return hasTarget(path) ? path : { reason: 'Rust has no wasm32-unknown-unknown target on this machine' };
    if (first !== '')
      return { reason: `the artefact was built with ${tools[wrong]}, which is not installed` };
  }
  throw new Failure('unreachable');
}

function toolchainPath() {
  const script = join(ROOT, 'scripts/rust-wasm-toolchain');
  const { status, stdout } = spawnSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Failure('the toolchain could not be installed. See the output above.');
  return searchPath(stdout.trim());
}

/** PATH with a folder first and cargo's last. pnpm's own additions stay: the folder must not hide Node. */
function searchPath(first) {
  return [...(first === '' ? [] : [first]), process.env.PATH, join(CARGO_HOME, 'bin')].join(delimiter);
}

function isDebians(path) {
  return output('rustc', ['--print', 'sysroot'], path) === '/usr';
}

function hasTarget(path) {
  const folder = output('rustc', ['--print', 'target-libdir', '--target', 'wasm32-unknown-unknown'], path);
  return folder !== undefined && existsSync(folder);
}

function toolVersions(path) {
  const { version } = JSON.parse(readFileSync(join(dirname(wasmOpt()), '../package.json'), 'utf8'));
  return {
    rustc: output('rustc', ['--version'], path),
    'wasm-bindgen': output('wasm-bindgen', ['--version'], path),
    'wasm-pack': output('wasm-pack', ['--version'], path),
    binaryen: `binaryen ${version}`,
  };
}

function wasmOpt() {
  const manifest = createRequire(join(ROOM, 'package.json')).resolve('binaryen');
  return join(dirname(manifest), 'bin/wasm-opt');
}

function sourceHashes() {
  const files = SOURCES.flatMap((source) => filesUnder(join(ROOT, source))).sort();
  return hashes(
    ROOT,
    files.map((file) => relative(ROOT, file).split(sep).join('/')),
  );
}

function filesUnder(path) {
  const entries = existsSync(path) ? readdirSyncOrFile(path) : [];
  return entries === undefined ? [path] : entries.flatMap((entry) => filesUnder(join(path, entry)));
}

/** The names in a folder; nothing for a file. */
function readdirSyncOrFile(path) {
  try {
    return readdirSync(path);
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function hashes(folder, files) {
  return Object.fromEntries(files.map((file) => [file, sha256(join(folder, file))]));
}

function sha256(file) {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'missing';
}

/** The names under which two records of hashes differ. */
function differences(one, other) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => one[name] !== other[name]);
}

function run(command, args, env) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined || status !== 0)
    throw new Failure(`${command} failed${error ? `: ${error.message}` : '.'}`);
}

function output(command, args, path) {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
  return status === 0 ? stdout.trim() : undefined;
}

const [command, ...flags] = process.argv.slice(2);
try {
  if (command === 'build') build();
  else if (command === 'check') check({ rebuild: !flags.includes('--no-rebuild') });
  else throw new Failure('usage: wasm.mjs build, or wasm.mjs check [--no-rebuild].');
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`wasm: ${error.message}`);
  process.exitCode = 1;
}
