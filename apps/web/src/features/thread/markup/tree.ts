import type { Token } from 'markdown-it';
import { destinationOf } from './links.ts';

/** A piece of a line. */
export type Inline =
  | { type: 'text' | 'code'; text: string }
  | { type: 'link'; text: string; href: string; host: string | undefined }
  | { type: 'em' | 'strong' | 's'; children: Inline[] };

/** What stands below each other. `above`: how many empty lines the sender typed before it; no others are shown. */
export type Block = { above: number } & BlockContent;

type BlockContent =
  | { type: 'paragraph'; children: Inline[] }
  | { type: 'code'; text: string; info: string }
  | { type: 'quote'; children: Block[] }
  | { type: 'list'; items: Item[]; marker: string };

/** `number`: the one that was typed, in a numbered list; nothing is counted anew. */
export interface Item {
  above: number;
  number: number | undefined;
  children: Block[];
}

/** Reads the parser's flat list of tokens into a tree. Recursive: the list must be bounded in its depth. */
export class TokenReader {
  readonly #lines: string[];
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#lines = text.split(/\r\n?|\n/);
    this.#tokens = tokens;
  }

  /** The blocks up to the end of the block around them. */
  blocks(): Block[] {
    return this.#until((token, isFirst) => ({
      above: isFirst ? 0 : this.#emptyLinesAbove(token),
      ...this.#content(token),
    }));
  }

  #content(token: Token): BlockContent {
    switch (token.type) {
      case 'fence':
        return { type: 'code', text: token.content.replace(/\n$/, ''), info: token.info.trim() };
      case 'blockquote_open':
        return { type: 'quote', children: this.blocks() };
      case 'bullet_list_open':
      case 'ordered_list_open':
        return { type: 'list', items: this.#items(), marker: token.markup };
      default:
        return { type: 'paragraph', children: this.#paragraph(token) };
    }
  }

  #items(): Item[] {
    return this.#until((token, isFirst) => ({
      above: isFirst ? 0 : this.#emptyLinesAbove(token),
      number: token.info === '' ? undefined : Number(token.info),
      children: this.blocks(),
    }));
  }

  #paragraph(open: Token): Inline[] {
    const children = this.#until((token) => new InlineReader(token.children ?? []).pieces()).flat();
    // The parser trims what stands before the first line; a drawing made of characters needs it.
    const indent = open.level === 0 ? (/^[ \t]+/.exec(this.#lines[open.map?.[0] ?? 0] ?? '')?.[0] ?? '') : '';
    return indent === '' ? children : [{ type: 'text', text: indent }, ...children];
  }

  #until<Part>(read: (token: Token, isFirst: boolean) => Part): Part[] {
    const parts: Part[] = [];
    for (let token = this.#tokens[this.#at++]; token !== undefined && token.nesting >= 0;) {
      parts.push(read(token, parts.length === 0));
      token = this.#tokens[this.#at++];
    }
    return parts;
  }

  /** A line with nothing but the signs of quotes is empty too. */
  #emptyLinesAbove({ map }: Token): number {
    const start = map?.[0] ?? 0;
    let line = start;
    while (line > 0 && /^[\s>]*$/.test(this.#lines[line - 1] ?? '')) line--;
    return start - line;
  }
}

/** The same for what stands inside of a paragraph. */
class InlineReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  pieces(): Inline[] {
    const pieces: Inline[] = [];
    for (let token = this.#tokens[this.#at++]; token !== undefined && token.nesting >= 0;) {
      const piece = this.#piece(token);
      if (piece !== undefined) pieces.push(piece);
      token = this.#tokens[this.#at++];
    }
    return pieces;
  }

  #piece(token: Token): Inline | undefined {
    switch (token.type) {
      case 'em_open':
      case 'strong_open':
      case 's_open':
        return { type: token.tag as 'em' | 'strong' | 's', children: this.pieces() };
      case 'link_open':
        return link(this.pieces());
      case 'code_inline':
        return { type: 'code', text: token.content };
      default:
        // Where delimiters stood, the parser leaves empty texts.
        return token.content === '' ? undefined : { type: 'text', text: token.content };
    }
  }
}

/** The parser makes links of bare addresses only, so that a link's text is its address. */
function link(pieces: readonly Inline[]): Inline {
  const text = pieces.map((piece) => ('text' in piece ? piece.text : '')).join('');
  const destination = destinationOf(text);
  return destination === undefined ? { type: 'text', text } : { type: 'link', text, ...destination };
}
