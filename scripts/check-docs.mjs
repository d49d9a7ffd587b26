// Holds the docs to the tree: every relative link leads somewhere, every include exists with its anchor, no program
// code in the book is typed by hand, and README's quickstart is the file that the tests run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const QUICKSTART = 'packages/sdk/test/docs/quickstart.mjs';
const CODE = /^```(js|ts|tsx|javascript|typescript|rust|rs)\b/;

const pages = [...markdownIn(ROOT, { deep: false }), ...markdownIn(join(ROOT, 'docs/src'), { deep: true })];
const problems = [...pages.flatMap(checkPage), ...checkQuickstart(), ...checkSummary()];
for (const problem of problems) console.error(`docs: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`docs: ${pages.length} pages checked, links and includes hold`);

function markdownIn(folder, { deep }) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return deep ? markdownIn(path, { deep }) : [];
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

function checkPage(path) {
  const text = readFileSync(path, 'utf8');
  const name = relative(ROOT, path);
  const inBook = name.startsWith('docs/');
  return [
    ...checkLinks(path, name, text),
    ...(inBook ? [...checkIncludes(path, name, text), ...checkCode(name, text)] : []),
  ];
}

function checkLinks(path, name, text) {
  const withoutCode = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
    if (/^(https?:|mailto:|#)/.test(target)) return [];
    const [file] = target.split('#');
    return existsSync(resolve(dirname(path), file)) ? [] : [`${name}: the link to ${target} leads nowhere`];
  });
}

function checkIncludes(path, name, text) {
  return [...text.matchAll(/\{\{#(?:rustdoc_)?include ([^:}\s]+)(?::([\w-]+))?\}\}/g)].flatMap(
    ([, file, anchor]) => {
      const source = resolve(dirname(path), file);
      if (!existsSync(source)) return [`${name}: ${file} is not there`];
      if (anchor === undefined || readFileSync(source, 'utf8').includes(`ANCHOR: ${anchor}`)) return [];
      return [`${name}: ${file} has no anchor ${anchor}`];
    },
  );
}

/** Code in the book is included from files that are compiled and run; typed by hand, it would rot. */
function checkCode(name, text) {
  const blocks = text.matchAll(/^```[\s\S]*?^```/gm);
  return [...blocks].flatMap(([block]) =>
    CODE.test(block) && !block.includes('{{#') ? [`${name}: a code block is typed by hand:\n${block}`] : [],
  );
}

function checkQuickstart() {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const code = readFileSync(join(ROOT, QUICKSTART), 'utf8').trim();
  return readme.includes(code) ? [] : [`README.md does not hold the text of ${QUICKSTART}`];
}

/** A page that the summary does not name is not in the book. */
function checkSummary() {
  const summary = join(ROOT, 'docs/src/SUMMARY.md');
  if (!existsSync(summary)) return ['docs/src/SUMMARY.md is not there'];
  const text = readFileSync(summary, 'utf8');
  return markdownIn(join(ROOT, 'docs/src'), { deep: true })
    .map((path) => relative(join(ROOT, 'docs/src'), path))
    .filter((page) => page !== 'SUMMARY.md' && !text.includes(`(${page})`) && !text.includes(`(./${page})`))
    .map((page) => `docs/src/${page} is not in SUMMARY.md`);
}
