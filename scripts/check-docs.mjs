// Holds the docs to the tree: every relative link leads somewhere, its heading included; every include exists with its
// anchor; no program code is typed by hand; no list says one thing twice; the READMEs' quickstart and the tables of error
// codes and figures are what their sources say. `check-docs.mjs --write` puts those in anew.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorTables } from './error-tables.mjs';
import { figureTables } from './figure-tables.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BOOK = join(ROOT, 'docs/src');
/** The readers of each see the same program: the repository's front page, and the package's on npm. */
const READMES = [join(ROOT, 'README.md'), join(ROOT, 'packages/sdk/README.md')];
const QUICKSTART = 'packages/sdk/test/docs/quickstart.mjs';
const ERRORS = join(BOOK, 'development/errors.md');

/** Made or brought by tools, or kept by one. */
const FOREIGN = new Set(['node_modules', 'target', 'dist', 'out', 'book', 'vectors']);
const FENCED = /^```[^\n]*\n[\s\S]*?^```/gm;
const PROGRAM = /^```(js|mjs|jsx|ts|tsx|javascript|typescript|rust|rs)\b/;
const INCLUDE = /\{\{#(?:rustdoc_)?include ([^:}\s]+)(?::([\w-]+))?\}\}/g;

if (process.argv.includes('--write')) await write();
const pages = markdownIn(ROOT);
const problems = [...pages.flatMap(checkPage), ...generated().flatMap(checkGenerated), ...checkSummary()];
for (const problem of problems) console.error(`docs: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(
  `docs: checked the links, includes and generated parts of ${pages.length} pages; all are correct.`,
);

function markdownIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return entry.name.endsWith('.md') ? [path] : [];
    const isOurs = !FOREIGN.has(entry.name) && (!entry.name.startsWith('.') || entry.name === '.github');
    return isOurs ? markdownIn(path) : [];
  });
}

function checkPage(path) {
  const text = readFileSync(path, 'utf8');
  const name = relative(ROOT, path);
  return [
    ...checkLinks(path, name, text),
    ...checkIncludes(path, name, text),
    ...checkCode(path, name, text),
    ...checkLists(name, text),
    ...checkRawPages(path, name, text),
  ];
}

/** Two items of one page that begin with the same sentence: one of them was meant to replace the other. */
function checkLists(name, text) {
  const items = [...text.replaceAll(FENCED, '').matchAll(/^ *[-*] ([^]*?)(?=\n *[-*] |\n\n|\s*$)/gm)];
  const openings = items.map(([, item]) => item.replaceAll(/\s+/g, ' ').split(/(?<=[.:]) /)[0]);
  return openings
    .filter((opening, i) => opening.length > 12 && openings.indexOf(opening) !== i)
    .map((opening) => `${name}: two items begin with “${opening}”; reword one of them`);
}

function checkLinks(path, name, text) {
  const prose = text.replaceAll(FENCED, '').replaceAll(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/\bsrc="([^"]+)"/g)];
  return targets.flatMap(([, target]) => {
    if (/^(https?|mailto):/.test(target)) return [];
    const [file, heading] = target.split('#');
    const leadsTo = file === '' ? path : resolve(dirname(path), file);
    if (!existsSync(leadsTo)) return [`${name}: the link to ${target} has no target`];
    if (heading === undefined || !leadsTo.endsWith('.md') || headingsOf(leadsTo).has(heading)) return [];
    return [`${name}: the link to ${target} names a missing heading`];
  });
}

/** The ids that mdBook and GitHub give to a page's headings. */
function headingsOf(path) {
  const text = readFileSync(path, 'utf8').replaceAll(FENCED, '');
  const titles = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) => title.toLowerCase());
  return new Set(titles.map((title) => title.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')));
}

function checkIncludes(path, name, text) {
  return [...text.matchAll(INCLUDE)].flatMap(([, file, anchor]) => {
    const source = resolve(dirname(path), file);
    if (!existsSync(source)) return [`${name}: the included file ${file} does not exist`];
    const lines = readFileSync(source, 'utf8').split(/\r?\n/);
    const has = (mark) => lines.some((line) => line.trim().endsWith(`${mark}: ${anchor}`));
    if (anchor === undefined || (has('ANCHOR') && has('ANCHOR_END'))) return [];
    return [`${name}: ${file} has no anchor ${anchor}`];
  });
}

/** Program code is included from files that are compiled and run; typed by hand, it would rot. */
function checkCode(path, name, text) {
  const own = READMES.includes(path) ? between(text, 'quickstart') : undefined;
  return [...text.matchAll(FENCED)].flatMap(([block]) => {
    const body = block.split('\n').slice(1, -1).join('\n').trim();
    const isIncluded = body !== '' && body.replaceAll(INCLUDE, '').trim() === '';
    if (!PROGRAM.test(block) || isIncluded || block === own) return [];
    return [`${name}: a block of code is typed by hand; include it from a tested file:\n${block}`];
  });
}

/** A code host shows the book's pages as they are, with include lines in place of code. Who is led there is told. */
function checkRawPages(path, name, text) {
  if (!READMES.includes(path) || !/\]\([^)]*docs\/src\//.test(text) || text.includes('`{{#include'))
    return [];
  return [`${name}: it links pages of the book; say what their \`{{#include\` lines stand for`];
}

/** What is made from elsewhere: the page, the name in its markers, where it comes from, and the text between them. */
function generated() {
  const code = readFileSync(join(ROOT, QUICKSTART), 'utf8').trim();
  const tables = Object.entries(errorTables(ROOT));
  return [
    ...READMES.map((page) => ({
      page,
      name: 'quickstart',
      source: QUICKSTART,
      text: `\`\`\`js\n${code}\n\`\`\``,
    })),
    ...tables.map(([name, text]) => ({ page: ERRORS, name: `codes-${name}`, source: 'its source', text })),
    ...figureTables(ROOT).map((part) => ({ ...part, page: join(ROOT, part.page) })),
  ];
}

function checkGenerated({ page, name, source, text }) {
  const found = between(readFileSync(page, 'utf8'), name);
  if (found !== undefined && squeezed(found) === squeezed(text)) return [];
  const path = relative(ROOT, page);
  return [`${path}: the part “${name}” differs from ${source}. Run node scripts/check-docs.mjs --write.`];
}

/** Without the blanks and dashes that prettier adds to line up a table. */
function squeezed(text) {
  return text.startsWith('|') ? text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---') : text;
}

function markersOf(name) {
  return [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
}

/** What stands between the markers of a generated part; undefined where they are not there. */
function between(text, name) {
  const [begin, end] = markersOf(name);
  const [, after] = text.split(begin);
  return after?.includes(end) ? after.slice(0, after.indexOf(end)).trim() : undefined;
}

async function write() {
  const { format, resolveConfig } = await import('prettier');
  for (const { page, name, text } of generated()) {
    const [begin, end] = markersOf(name);
    const old = readFileSync(page, 'utf8');
    const renewed = old.replace(
      new RegExp(`${begin}[\\s\\S]*?${end}`),
      () => `${begin}\n\n${text}\n\n${end}`,
    );
    writeFileSync(page, await format(renewed, { ...(await resolveConfig(page)), filepath: page }));
  }
}

/** A page that the summary does not name is not in the book. */
function checkSummary() {
  const text = readFileSync(join(BOOK, 'SUMMARY.md'), 'utf8');
  return markdownIn(BOOK)
    .map((path) => relative(BOOK, path))
    .filter((page) => page !== 'SUMMARY.md' && !text.includes(`(${page})`))
    .map((page) => `docs/src/${page} is not in SUMMARY.md`);
}
