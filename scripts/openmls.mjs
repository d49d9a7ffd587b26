// That third_party/openmls is what crates.io has and third_party/openmls.patch, nothing else: takes the patch back and
// compares every file with the hash of the one that was published, and, where cargo has the published crate here, the
// hashes with it. `patch` writes the patch anew after a change, from that crate.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const THIRD_PARTY = resolve(dirname(fileURLToPath(import.meta.url)), '../third_party');
const OURS = join(THIRD_PARTY, 'openmls');
const PATCH = join(THIRD_PARTY, 'openmls.patch');
const CRATE = 'openmls-0.9.2';
/**
 * Ours alone: the manifest without tests and drafts, and the licence, which the published crate leaves out. The manifest can
 * name what is compiled, so it is held to its bytes.
 */
const NOT_PUBLISHED = ['Cargo.toml', 'LICENSE'];
const MANIFEST_SHA256 = '0ab3b1cae64daf3f8c92e5be786b81e638d81c977949c52b03305e1206dc12e9';

const PUBLISHED = new Map(
  readFileSync(join(THIRD_PARTY, 'openmls.sha256'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('  ').reverse()),
);

const command = process.argv[2] ?? 'check';
const folder = mkdtempSync(join(tmpdir(), 'quicprochat-openmls-'));
try {
  if (command === 'check') check();
  else if (command === 'patch') writePatch();
  else throw new Error('usage: openmls.mjs check, or openmls.mjs patch.');
} catch (error) {
  console.error(`openmls: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

function check() {
  if (sha256(join(OURS, 'Cargo.toml')) !== MANIFEST_SHA256)
    throw new Error(
      'third_party/openmls/Cargo.toml has changed. If that is intended, update MANIFEST_SHA256 in scripts/openmls.mjs.',
    );
  compareWithPublished();
  cpSync(OURS, folder, { recursive: true });
  for (const file of NOT_PUBLISHED) rmSync(join(folder, file));
  git(['apply', '--reverse', '-p0', PATCH]);
  compare();
  console.log(`openmls: ${PUBLISHED.size} files match ${CRATE} with third_party/openmls.patch.`);
}

function writePatch() {
  const published = publishedCrate();
  if (published === undefined) throw new Error(`${CRATE} is not in cargo's folder. Run \`cargo fetch\`.`);
  for (const file of PUBLISHED.keys()) cpSync(join(published, file), join(folder, file));
  compare();
  git(['init', '--quiet']);
  git(['add', '.']);
  for (const file of filesIn(OURS)) cpSync(join(OURS, file), join(folder, file));
  git(['add', '--intent-to-add', '.']);
  writeFileSync(
    PATCH,
    git(['diff', '--no-color', '--no-ext-diff', '--no-prefix']).replaceAll(/^index .*\n/gm, ''),
  );
}

/** The list of hashes is the published crate's, which cargo has checked against Cargo.lock when it fetched it. */
function compareWithPublished() {
  const published = publishedCrate();
  if (published === undefined) return;
  const wrong = [...PUBLISHED].filter(([file, hash]) => sha256(join(published, file)) !== hash);
  if (wrong.length > 0)
    throw new Error(
      `${wrong.map(([file]) => file).join(', ')}: openmls.sha256 does not match the published crate.`,
    );
}

/** The folder that cargo has unpacked it into; none before the first `cargo fetch`. */
function publishedCrate() {
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src');
  if (!existsSync(registry)) return undefined;
  return readdirSync(registry)
    .map((mirror) => join(registry, mirror, CRATE))
    .find((path) => existsSync(path));
}

/** Every file is the published one, and none is missing or over. */
function compare() {
  const found = filesIn(folder);
  const wrong = [...new Set([...found, ...PUBLISHED.keys()])].filter(
    (file) => !found.includes(file) || sha256(join(folder, file)) !== PUBLISHED.get(file),
  );
  if (wrong.length > 0) {
    throw new Error(
      `${wrong.join(', ')}: differs from ${CRATE} with third_party/openmls.patch. After a change, run \`node scripts/openmls.mjs patch\`.`,
    );
  }
}

function filesIn(root) {
  return (
    readdirSync(root, { recursive: true, withFileTypes: true })
      // Links, too: what is linked to could be compiled.
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .filter((file) => !NOT_PUBLISHED.includes(file) && !file.startsWith('.git/'))
  );
}

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function git(args) {
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    // A repository further up does not matter.
    env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(folder) },
  });
  if (status !== 0) throw new Error(`git ${args[0]} failed: ${stderr.trim()}`);
  return stdout;
}
