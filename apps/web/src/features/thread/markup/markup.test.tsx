// @vitest-environment happy-dom
import { afterEach, describe, expect, test } from 'vitest';
import { render, type Rendered } from '../../../../test/render.ts';
import { destinationOf } from './links.ts';
import { Markup } from './markup.tsx';
import { BOUNDS } from './parse.ts';

let shown: Rendered | undefined;
afterEach(() => shown?.unmount());

async function show(text: string): Promise<HTMLElement> {
  shown = await render(<Markup text={text} />);
  return shown.element;
}

/** The markup without classes and directions, which are the style sheet's business. */
async function htmlOf(text: string): Promise<string> {
  const element = await show(text);
  return element.innerHTML
    .replaceAll(/ (class|dir|tabindex|target|rel|title)="[^"]*"/g, '')
    .replace(/^<div>(.*)<\/div>$/s, '$1');
}

describe('what becomes an element', () => {
  test.each([
    ['emphasis', 'a *b* **c** ~~d~~', '<p>a <em>b</em> <strong>c</strong> <s>d</s></p>'],
    ['inline code, in which nothing else counts', '`a *b* <i>`', '<p><code>a *b* &lt;i&gt;</code></p>'],
    [
      'a block of code',
      '```\nlet a = 1;\n\n  b *c*\n```',
      '<div><pre><code>let a = 1;\n\n  b *c*</code></pre></div>',
    ],
    ['a block of code with its language', '```js\na\n```', '<div><p>js</p><pre><code>a</code></pre></div>'],
    ['a quote', '> a\n> b', '<blockquote><p>a\nb</p></blockquote>'],
    ['an answer below a quote', '> a\nb', '<blockquote><p>a</p></blockquote><p>b</p>'],
    [
      'an answer below a quote in a quote',
      '>> a\n> b\nc',
      '<blockquote><blockquote><p>a</p></blockquote><p>b</p></blockquote><p>c</p>',
    ],
    ['a line below a list', '- a\n  more of a\nb', '<ul><li><p>a\nmore of a</p></li></ul><p>b</p>'],
    [
      'a list in a list',
      '- a\n  1. b\n- c',
      '<ul><li><p>a</p><ol data-marker="."><li value="1"><p>b</p></li></ol></li><li><p>c</p></li></ul>',
    ],
    ['a list', '- a\n- b', '<ul data-x><li><p>a</p></li><li><p>b</p></li></ul>'],
    [
      'the numbers that were typed',
      '3. a\n7. b',
      '<ol data-marker="."><li value="3"><p>a</p></li><li value="7"><p>b</p></li></ol>',
    ],
  ])('%s', async (_what, text, html) => {
    expect(await htmlOf(text)).toBe(html.replace(' data-x', ''));
  });
});

describe('what stays as it was typed', () => {
  test.each([
    ['HTML', '<img src=x onerror=alert(1)><script>alert(1)</script><!-- a -->'],
    ['an image', '![a](a.png) ![b][c]'],
    ['headings and rules', '# loud\n---\n***\nloud\n==='],
    ['footnotes and tables', 'a[^1]\n| a | b |\n|---|---|\n| 1 | 2 |'],
    ['entities and escapes', '&lt;b&gt; &#x202e; \\*a\\\\b ¯\\_(ツ)_/¯'],
    ['a link definition', '[a]: javascript:alert(1)'],
    ['names with underscores, and sums', 'snake_case_name 2 * 3 * 4 a_b'],
    ['faces', '>:( >_<'],
    ['a lone sign', '-'],
    ['an empty quote', '>'],
    ['line breaks and indentation', '  a\n    b\n\n\n\n c'],
    ['names of files', 'readme.md node.js example.com bob@example.com'],
  ])('%s', async (_what, text) => {
    const element = await show(text);
    expect(
      [...element.querySelectorAll('*')]
        .map(({ tagName }) => tagName)
        .filter((tag) => !['DIV', 'P'].includes(tag)),
    ).toEqual([]);
    expect(withLineBreaks(element)).toBe(text);
  });

  test('no line break is added or lost around quotes, lists and code', async () => {
    const element = await show('a\n- b\n\n\n- c\n\n> d\n```\ne\n```\nf');
    const lines = [...element.querySelectorAll('p, pre, .empty, div:not(:has(*))')].map(
      ({ textContent }) => textContent,
    );
    expect(lines).toEqual(['a', 'b', '\n\n', 'c', '\n', 'd', 'e', 'f']);
  });
});

describe('links', () => {
  test('an address is shown as it was typed, and opens outside of this page without a way back', async () => {
    const element = await show('see https://example.com/a_b_c?d=*e*#f, or mailto:bob@example.com.');
    const links = [...element.querySelectorAll('a')];
    expect(links.map(({ textContent }) => textContent)).toEqual([
      'https://example.com/a_b_c?d=*e*#f',
      'mailto:bob@example.com',
    ]);
    for (const link of links) {
      expect(link.getAttribute('href')).toBe(link.textContent);
      expect(link.rel).toBe('noopener noreferrer');
      expect(link.target).toBe('_blank');
    }
    expect(element.textContent).toBe('see https://example.com/a_b_c?d=*e*#f, or mailto:bob@example.com.');
  });

  test.each([
    ['a script', 'javascript:alert(1) javascript://a.b/%0aalert(1)'],
    ['data', 'data:text/html,<script>alert(1)</script>'],
    [
      'files, ftp and schemes of apps',
      'file:///etc/passwd ftp://a.b/c tel:+1 intent://a.b vbscript://a.b blob:c',
    ],
    ['an address without a scheme', '//a.b/c www.example.com'],
    ['a text that names another site', '[https://bank.example](javascript:alert(1))'],
    ['an address that reorders itself', 'https://example.com/\u202egpj.exe'],
    ['an address with a character that nobody sees', 'https://exam\u200bple.com/'],
  ])('%s is no link of its own', async (_what, text) => {
    const hrefs = [...(await show(text)).querySelectorAll('a')].map((link) => link.getAttribute('href'));
    expect(hrefs.filter((href) => !href?.startsWith('https://bank.example'))).toEqual([]);
    expect(shown?.element.textContent).toBe(text);
  });

  test.each([
    ['Cyrillic letters', 'https://аррӏе.com/login', 'xn--80ak6aa92e.com'],
    ['mixed scripts', 'https://pаypal.com', 'xn--pypal-4ve.com'],
    ['fullwidth letters', 'https://ｇoogle.com', 'google.com'],
    ['a number for an address', 'http://2130706433/', '127.0.0.1'],
    ['a mail host of other letters', 'mailto:bob@pаypal.com', 'xn--pypal-4ve.com'],
  ])('%s: the host that is really meant stands beside it', async (_what, typed, host) => {
    const link = (await show(`go to ${typed} now`)).querySelector('a');
    expect(link?.textContent).toBe(`${typed} (${host})`);
  });

  test.each([
    'https://xn--80ak6aa92e.com',
    'https://EXAMPLE.com:8443/a',
    'https://ja.wikipedia.org/wiki/日本',
  ])('%s already shows its host, and gets none beside it', async (typed) => {
    expect((await show(typed)).querySelector('a')?.textContent).toBe(typed);
  });
});

test('a link never leads past an @ to another host than the one before it', async () => {
  const links = (await show('https://bank.example:443@evil.example/')).querySelectorAll('a');
  expect([...links].map(({ hostname, textContent }) => [hostname, textContent])).toEqual([
    ['bank.example', 'https://bank.example:443'],
  ]);
  expect(destinationOf('https://bank.example@evil.example/')?.host).toBe('evil.example');
});

describe('direction', () => {
  test('each paragraph, quote and list finds its own, and addresses and code run from left to right', async () => {
    const element = await show('שלום https://example.com/א `א`\n\n> א\n\n- א');
    const directions = ['.blocks, div', 'blockquote', 'ul', 'a', 'code'].map((part) =>
      element.querySelector(`[dir]${part}, ${part}[dir]`)?.getAttribute('dir'),
    );
    expect(directions).toEqual(['auto', 'auto', 'auto', 'ltr', 'ltr']);
  });

  test('code writes out the characters that would reorder it', async () => {
    expect((await show('`if (a) \u202e\u2066// b`')).textContent).toBe('if (a) [U+202E][U+2066]// b');
    await shown?.unmount();
    expect((await show('```\na\u2069\tb\n```')).textContent).toBe('a[U+2069]\tb');
  });
});

describe('bounds', () => {
  const sized = (piece: string, length: number) =>
    piece.repeat(Math.ceil(length / piece.length)).slice(0, length);

  test.each([
    ['64 KiB of text with markup', sized('*a* https://example.com ', 65_536)],
    ['10,000 asterisks around a word', `${'*'.repeat(10_000)}a${'*'.repeat(10_000)}`.slice(0, BOUNDS.length)],
    ['5,000 emphases inside each other', `${'*a '.repeat(2_500)}${'a*'.repeat(2_500)}`],
    ['1,000 quotes inside each other', `${'>'.repeat(1_000)} a`],
    ['1,000 lists inside each other', `${'- '.repeat(1_000)} a`],
    ['a list of 5,000 points', sized('- a\n', 16_000)],
  ])('%s is plain text', async (_what, text) => {
    const element = await show(text);
    expect(element.querySelectorAll('*')).toHaveLength(1);
    expect(element.textContent).toBe(text);
  });

  test('10,000 emoji are one text', async () => {
    const text = '😀'.repeat(10_000);
    expect((await show(text)).querySelectorAll('*')).toHaveLength(1);
    expect(shown?.element.textContent).toBe(text);
  });

  test('a long message with some markup is no plain text yet', async () => {
    const element = await show(`${'word '.repeat(3_000)}*a*`);
    expect(element.querySelectorAll('em')).toHaveLength(1);
  });
});

/** The text with the line breaks that stand between blocks. */
function withLineBreaks(element: HTMLElement): string {
  return [...element.querySelectorAll('p, div:not(:has(*))')]
    .map((part) => (part.tagName === 'P' ? part.textContent : part.textContent.slice(1)))
    .join('\n');
}
