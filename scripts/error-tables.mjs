// The tables of docs/src/development/errors.md, made from the doc comments at the codes: the one place where their
// meaning stands. check-docs.mjs compares the page with them, and writes them when asked to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const CLASSES = {
  usage: 'UsageError',
  validation: 'ValidationError',
  crypto: 'CryptoVerificationError',
  storage: 'StorageError',
  transport: 'TransportError',
  internal: 'InternalError',
};

/** The tables by name, as markdown. Throws where a source has no codes, which means that its form has changed. */
export function errorTables(root) {
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const sdk = read('packages/sdk/src/model/errors.ts');
  return {
    core: table(coreCodes(read('crates/core/src/error.rs'), classesOfCore(sdk)), 'class'),
    relay: table(relayCodes(read('packages/protocol/src/errors.ts')), 'again?'),
    sdk: table(sdkCodes(sdk), 'class'),
    reasons: table(reasonsOf(sdk), 'code', 'reason'),
  };
}

/** `/// doc` above `Variant = "CODE", "message";`, and the variants with fields, whose codes stand in `code()`. */
function coreCodes(source, classes) {
  const plain = [...source.matchAll(/((?: *\/\/\/ .*\n)+) *\w+ = "([A-Z_]+)", "/g)];
  const withFields = [...source.matchAll(/((?: *\/\/\/ .*\n)+) *#\[error\(".*"\)\]\n *(\w+)[({ ]/g)];
  const codeOf = (variant) => new RegExp(`Self::${variant}\\b.* => "([A-Z_]+)"`).exec(source)?.[1];
  return [
    ...plain.map(([, doc, code]) => ({ code, doc: plainText(doc) })),
    ...withFields.map(([, doc, variant]) => ({ code: codeOf(variant), doc: plainText(doc) })),
  ].map(({ code, doc }) => ({ code, doc, third: classes.get(code) ?? 'InternalError' }));
}

function classesOfCore(source) {
  const list = source.slice(source.indexOf('CORE_ERRORS'));
  const pairs = list.matchAll(/^ {2}([A-Z_]+): '(\w+)',$/gm);
  return new Map([...pairs].map(([, code, remedy]) => [code, CLASSES[remedy]]));
}

function relayCodes(source) {
  const codes = source.matchAll(/((?: *\/\*\* .*\n)+) *([A-Z_]+): \{ trpc: '\w+', retryable: (\w+) \}/g);
  return [...codes].map(([, doc, code, retryable]) => ({
    code,
    doc: plainText(doc),
    third: retryable === 'true' ? 'yes' : 'no',
  }));
}

function sdkCodes(source) {
  const codes = source.matchAll(/((?: *\/\*\* .*\n)+) *([A-Z_]+): \{ remedy: '(\w+)', retryable: (\w+) \}/g);
  return [...codes].map(([, doc, code, remedy, retryable]) => ({
    code,
    doc: plainText(doc),
    third: `${CLASSES[remedy]}${retryable === 'true' ? ', again' : ''}`,
  }));
}

/** `NETWORK: [`, and the reasons below it, each with its doc comment. */
function reasonsOf(source) {
  const [, list = ''] = /ANCHOR: reasons\n([\s\S]*?)ANCHOR_END: reasons/.exec(source) ?? [];
  return [...list.matchAll(/^ {2}([A-Z_]+): \[\n([\s\S]*?)^ {2}\]/gm)].flatMap(([, code, reasons]) =>
    [...reasons.matchAll(/((?: *\/\*\* .*\n)+) *'([\w-]+)',/g)].map(([, doc, reason]) => ({
      code: reason,
      doc: plainText(doc),
      third: `\`${code}\``,
    })),
  );
}

/** A doc comment as one line, without what marks it as one. */
function plainText(comment) {
  return comment
    .split('\n')
    .map((line) => line.replace(/^ *(\/\/\/|\/\*\*|\*) ?/, '').replace(/ ?\*\/$/, ''))
    .join(' ')
    .replaceAll(/\[`(\w+)`\]/g, '`$1`')
    .trim();
}

/** The first sentence says what it means, the rest what to do. */
function table(rows, thirdTitle, firstTitle = 'code') {
  if (rows.length === 0)
    throw new Error(
      'error-tables.mjs found no codes. Check whether the format of a source file has changed.',
    );
  const lines = rows.map(({ code, doc, third }) => {
    const [, meaning = doc, remedy = ''] = /^(.+?\.) (.+)$/.exec(doc) ?? [];
    return `| \`${code}\` | ${meaning} | ${remedy} | ${third} |`;
  });
  return [
    `| ${firstTitle} | what it means | what to do | ${thirdTitle} |`,
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
