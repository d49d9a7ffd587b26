import { once } from 'node:events';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { CHROMIUM, CHROMIUM_FLAGS } from '@quicprochat/testkit';
import { chromium, type Page } from 'playwright-core';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.ts': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** A browser with a small site of its own. */
export interface Pages {
  /** The site's origin. */
  origin: string;
  /** The browser's version. */
  version: string;
  /** Opens a page in a new profile, runs a module in it, and waits until that has set the global of this name. */
  open(script: string, global: string): Promise<Page>;
  close(): Promise<void>;
}

/** @param fileAt returns the file for a path of the site, `/index.html` included; undefined if there is none */
export async function startPages(
  fileAt: (pathname: string) => Promise<string | Buffer | undefined>,
): Promise<Pages> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = pathname === '/' ? '/index.html' : pathname;
    void fileAt(file).then((body) => {
      // Isolated, a page's clock ticks in 5 µs instead of 100.
      response.writeHead(body === undefined ? 404 : 200, {
        'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  return {
    origin,
    version: browser.version(),
    async open(script, global) {
      const page = await (await browser.newContext()).newPage();
      page.on('pageerror', (error) => console.error(`${script}: ${error.message}`));
      await page.goto(`${origin}/`);
      await page.addScriptTag({ type: 'module', url: script });
      await page.waitForFunction((name) => name in globalThis, global);
      return page;
    },
    async close() {
      await browser.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
