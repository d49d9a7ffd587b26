import MarkdownIt, { type StateBlock, type StateInline, type Token } from 'markdown-it';
import { destinationOf } from './links.ts';
import { TokenReader, type Block } from './tree.ts';

/**
 * Above any of these, a message is shown as plain text: people do not write such messages, and laying one out could
 * freeze the page. 16,384 characters; markup 24 levels deep (12 lists inside each other); 2,000 tokens of markup.
 */
export const BOUNDS = { length: 16_384, depth: 24, tokens: 2_000 };

/**
 * The part of Markdown that a chat needs: emphasis, inline and fenced code, lists, quotes, and bare http, https and
 * mailto addresses.
 *
 * Everything else stays as it was typed, because a reader must see what the sender saw:
 * - HTML, images, tables, footnotes, headings, rules (`---`): markup of documents, not of messages.
 * - `[text](address)` and link definitions: the text could name another site than the one it leads to.
 * - Addresses without a scheme: `readme.md` and `node.js` are names of files.
 * - Entities and indented code: `&lt;` and a poem are meant as they are.
 * - Backslashes: one before a sign takes the sign's meaning away and stays itself, so that `¯\_(ツ)_/¯` keeps both arms.
 * - Line breaks and the indentation after them, which the rule `newline` would drop.
 *
 * A line without a `>` ends a quote, and one without indentation ends a list. Markdown would take both in: an answer typed
 * below a quote would become part of what the other person said.
 */
const RULES = ['fence', 'blockquote', 'list', 'backticks', 'emphasis', 'strikethrough', 'linkify'];

const parser = parserOf(RULES);
const withoutQuotes = parserOf(RULES.filter((rule) => rule !== 'blockquote'));

/** `>:(` and `>_<` are faces; a quote has a space after its sign. */
const FACE = /^ {0,3}>[^\s>]/m;

/** The blocks of a message, or undefined if it is to be shown as plain text. Never throws. */
export function parseMarkup(text: string): Block[] | undefined {
  if (text.length > BOUNDS.length) return undefined;
  const tokens = (FACE.test(text) ? withoutQuotes : parser).parse(text, {});
  if (!isBounded(tokens) || !saysSomething(tokens)) return undefined;
  return new TokenReader(text, tokens).blocks();
}

function parserOf(rules: string[]) {
  // The parser leaves out what is nested deeper than maxNesting; BOUNDS.depth is reached before that.
  const made = new MarkdownIt('zero', { linkify: true, maxNesting: 4 * BOUNDS.depth }).enable(rules);
  made.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  made.linkify.add('ftp:', null).add('//', null);
  made.inline.ruler.before('backticks', 'backslash', backslash);
  made.block.ruler.before('paragraph', 'end_of_quote', endOfQuote, { alt: ['blockquote'] });
  made.block.ruler.before('paragraph', 'end_of_item', endOfItem, { alt: ['paragraph'] });
  // Addresses stay as they were typed: markdown-it would decode Punycode into letters that look like others.
  made.normalizeLink = (address) => address;
  made.normalizeLinkText = (address) => address;
  made.validateLink = (address) => destinationOf(address) !== undefined;
  return made;
}

/** Asked, in silence, whether a line without a `>` ends the quote above it. Makes nothing itself. */
function endOfQuote(_state: StateBlock, _line: number, _end: number, silent: boolean): boolean {
  return silent;
}

/** Asked whether a line ends the paragraph above it: it does if it stands further left than the list's text. */
function endOfItem(state: StateBlock, line: number, _end: number, silent: boolean): boolean {
  return silent && (state.sCount[line] ?? 0) < state.blkIndent;
}

/** Takes a backslash and the sign after it as text. */
function backslash(state: StateInline, silent: boolean): boolean {
  const pair = /^\\[!-/:-@[-`{-~]/.exec(state.src.slice(state.pos, state.pos + 2))?.[0];
  if (pair === undefined) return false;
  if (!silent) state.pending += pair;
  state.pos += pair.length;
  return true;
}

function isBounded(tokens: readonly Token[]): boolean {
  let [count, depth] = [0, 0];
  for (const outer of tokens) {
    for (const token of [outer, ...(outer.children ?? [])]) {
      depth += token.nesting;
      if (++count > BOUNDS.tokens || depth > BOUNDS.depth) return false;
    }
  }
  return true;
}

/** A lone `-` or `>` is a list or a quote of nothing: whoever sent it meant the sign. */
function saysSomething(tokens: readonly Token[]): boolean {
  return tokens.some(({ type, content, info }) => content.trim() !== '' || (type === 'fence' && info !== ''));
}
