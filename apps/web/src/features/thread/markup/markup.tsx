import { useMemo } from 'react';
import { visible } from '@quicprochat/sdk';
import { parseMarkup } from './parse.ts';
import type { Block, Inline, Item } from './tree.ts';
import styles from './markup.module.css';

/**
 * What a message says. Its emphasis, code, lists, quotes and addresses become elements, made by React one by one: no
 * text of another person is ever taken for HTML. Each paragraph, list and quote has its own direction.
 */
export function Markup({ text }: { text: string }) {
  const blocks = useMemo(() => parseMarkup(text), [text]);
  if (blocks === undefined) {
    return (
      <p dir="auto" className={styles.paragraph}>
        {text}
      </p>
    );
  }
  return (
    <div dir="auto" className={styles.blocks}>
      <Blocks blocks={blocks} />
    </div>
  );
}

/** Keys by place: a message never changes, so neither do the places in it. */
function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return blocks.map((block, index) => [
    <EmptyLines key={`above-${index}`} count={block.above} />,
    <BlockElement key={index} block={block} />,
  ]);
}

function BlockElement({ block }: { block: Block }) {
  switch (block.type) {
    case 'paragraph':
      return (
        <p className={styles.paragraph}>
          <Pieces pieces={block.children} />
        </p>
      );
    case 'code':
      return <Code text={block.text} info={block.info} />;
    case 'quote':
      return (
        <blockquote className={styles.quote} dir="auto">
          <Blocks blocks={block.children} />
        </blockquote>
      );
    case 'list':
      return <List items={block.items} marker={block.marker} />;
  }
}

/** Focusable, because it scrolls sideways. In code, what would be invisible is written out. */
function Code({ text, info }: { text: string; info: string }) {
  return (
    <div className={styles.code} dir="ltr">
      {info === '' ? null : <p className={styles.info}>{visible(info)}</p>}
      <pre tabIndex={0}>
        <code>{visibleCode(text)}</code>
      </pre>
    </div>
  );
}

function List({ items, marker }: { items: readonly Item[]; marker: string }) {
  const children = items.map(({ above, number, children }, index) => (
    <li key={index} value={number}>
      <EmptyLines count={above} />
      <Blocks blocks={children} />
    </li>
  ));
  return items[0]?.number === undefined ? (
    <ul className={styles.list} dir="auto">
      {children}
    </ul>
  ) : (
    <ol className={styles.list} data-marker={marker} dir="auto">
      {children}
    </ol>
  );
}

function EmptyLines({ count }: { count: number }) {
  return count === 0 ? null : <div className={styles.empty}>{'\n'.repeat(count)}</div>;
}

function Pieces({ pieces }: { pieces: readonly Inline[] }) {
  return pieces.map((piece, index) => <Piece key={index} piece={piece} />);
}

function Piece({ piece }: { piece: Inline }) {
  switch (piece.type) {
    case 'text':
      return piece.text;
    case 'code':
      return (
        <code className={styles.inline} dir="ltr">
          {visibleCode(piece.text)}
        </code>
      );
    case 'link':
      return <Link {...piece} />;
    default: {
      const { type: Element, children } = piece;
      return (
        <Element>
          <Pieces pieces={children} />
        </Element>
      );
    }
  }
}

/** Shown as it was typed. If that is not the host that it leads to, the host stands behind it, in ASCII. */
function Link({ text, href, host }: { text: string; href: string; host: string | undefined }) {
  return (
    <a href={href} title={href} target="_blank" rel="noopener noreferrer" dir="ltr" className={styles.link}>
      {text}
      {host === undefined ? null : <span className={styles.host}> ({host})</span>}
    </a>
  );
}

/** Line breaks and tabs are part of code. */
function visibleCode(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : visible(part)))
    .join('');
}
