// Writes packages/sdk/THIRD-PARTY-NOTICES.txt: what the tarball holds of others, under which licence, and its texts.
// The WebAssembly is made of Rust crates; of npm packages nothing is bundled (packages/sdk/test/notices.test.ts checks
// both). Needs cargo and the crates' sources; run it after Cargo.lock has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const NOTICES = join(ROOT, 'packages/sdk/THIRD-PARTY-NOTICES.txt');
const SHIPPED = 'quicprochat-wasm';

/** For a crate that carries no text of its own. MIT names its holders, so OpenMLS's crates share OpenMLS's text. */
const TEXTS = {
  'Apache-2.0': 'LICENSE-APACHE',
  'MPL-2.0': 'third_party/licences/MPL-2.0.txt',
  MIT: 'third_party/openmls/LICENSE',
};

/** Compiled into every Rust program; cargo does not list it. */
const STANDARD_LIBRARY = {
  name: 'the Rust standard library',
  version: '',
  license: 'Apache-2.0',
  repository: 'https://github.com/rust-lang/rust',
  text: read(TEXTS['Apache-2.0']),
};

class Failure extends Error {}

function write() {
  const crates = [STANDARD_LIBRARY, ...shippedCrates()];
  writeFileSync(NOTICES, notices(crates));
  console.log(`notices: wrote the licences of ${crates.length} crates.`);
}

/** Every crate that the wasm can hold: reached from ours by dependencies that are neither for builds nor for tests. */
function shippedCrates() {
  const { packages, resolve: graph } = metadata();
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const dependencies = new Map(graph.nodes.map(({ id, deps }) => [id, deps]));
  const waiting = packages.filter(({ name }) => name === SHIPPED).map(({ id }) => id);
  const found = new Set();
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    // A procedural macro runs in the compiler, and what it depends on does, too.
    const runsInCompiler = byId.get(id).targets.some(({ kind }) => kind.includes('proc-macro'));
    if (found.has(id) || runsInCompiler) continue;
    found.add(id);
    const normal = dependencies
      .get(id)
      .filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null));
    waiting.push(...normal.map(({ pkg }) => pkg));
  }
  return [...found]
    .map((id) => byId.get(id))
    .filter(({ name }) => !name.startsWith('quicprochat-'))
    .sort((a, b) => compare(`${a.name} ${a.version}`, `${b.name} ${b.version}`))
    .map(describe);
}

function metadata() {
  const args = [
    'metadata',
    '--locked',
    '--format-version',
    '1',
    '--filter-platform',
    'wasm32-unknown-unknown',
  ];
  const { status, stdout, stderr, error } = spawnSync('cargo', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw new Failure('cargo is not installed. Install it from https://rustup.rs.');
  if (status !== 0) throw new Failure(`cargo cannot list the crates:\n${stderr}`);
  return JSON.parse(stdout);
}

function describe({ name, version, license, repository, manifest_path: manifest }) {
  const chosen = choose(license, `${name} ${version}`);
  const text = chosen.map((id) => textOf(dirname(manifest), id)).join('\n\n');
  return { name, version, license: chosen.join(' AND '), repository, text };
}

/** The licence that we take the crate under: of alternatives MIT, which asks for the least. */
function choose(expression, crate) {
  const alternatives = String(expression).split(/ OR |\//);
  if (alternatives.some((part) => part.replaceAll(/[()]/g, '').trim() === 'MIT') && !/ AND /.test(expression))
    return ['MIT'];
  if (expression === '(MIT OR Apache-2.0) AND Unicode-3.0') return ['MIT', 'Unicode-3.0'];
  if (alternatives.length === 1 && /^[\w.-]+$/.test(expression)) return [expression];
  throw new Failure(
    `${crate} is licensed under “${expression}”, which this script does not know. Add it to choose().`,
  );
}

/** The text that the crate carries for this licence, or else the standard one. */
function textOf(folder, id) {
  const names = readdirSync(folder).filter((name) => /^(LICEN[SC]E|COPYING)/i.test(name));
  const suffix = id.split('-')[0].toUpperCase();
  const own =
    names.find((name) => name.toUpperCase().includes(suffix)) ??
    names.find((name) => /^(LICEN[SC]E|COPYING)(\.(txt|md))?$/i.test(name));
  if (own !== undefined) return readFileSync(join(folder, own), 'utf8');
  if (TEXTS[id] === undefined)
    throw new Failure(`the licence text of ${id} for ${folder} is missing. Add it to TEXTS.`);
  return read(TEXTS[id]);
}

function notices(crates) {
  const byText = Map.groupBy(crates, ({ text }) => text.replaceAll(/\s+/g, ' ').trim());
  const sections = [...byText.values()].map(
    (group) => `${'='.repeat(80)}\n${group.map(title).join('\n')}\n\n${group[0].text.trim()}\n`,
  );
  return `Third-party software in @quicprochat/sdk

The file quicprochat_wasm_bg.wasm is compiled from the Rust crates below, and from quicprochat's own. Their sources are at
the addresses named, and at https://crates.io/crates/NAME/VERSION. openmls is changed: third_party/openmls.patch in
quicprochat's repository. No npm package is bundled; those that the SDK depends on carry their own licences.

Made by scripts/notices.mjs from Cargo.lock with SHA-256 ${lockHash()}.

${sections.join('\n')}`;
}

function title({ name, version, license, repository }) {
  return `${[name, version].filter(Boolean).join(' ')} (${license}) ${repository ?? ''}`.trim();
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'Cargo.lock')))
    .digest('hex');
}

function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** By code units, so that the order is the same on every machine. */
function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}

try {
  write();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`notices: ${error.message}`);
  process.exitCode = 1;
}
