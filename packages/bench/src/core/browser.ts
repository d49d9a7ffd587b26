import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Peer } from './peer.ts';
import type { Observation, Request } from './scenario.ts';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
export const hasBrowser = existsSync(CHROMIUM);

const CORE_CRYPTO = dirname(
  fileURLToPath(import.meta.resolve('@wireapp/core-crypto/browser', import.meta.url)),
);
/** What the page may fetch. TypeScript goes out with its types stripped: no bundler between the code and the figures. */
const FOLDERS: Record<string, string> = {
  bench: import.meta.dirname,
  core: join(dirname(createRequire(import.meta.url).resolve('@quicprochat/core-wasm/package.json'))),
  'core-crypto': CORE_CRYPTO,
};
const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.ts': 'text/javascript',
  '.wasm': 'application/wasm',
};
const PAGE = `<!doctype html><title>bench</title><script type="importmap">
{"imports":{"@quicprochat/core-wasm":"/core/src/browser.ts","@wireapp/core-crypto/browser":"/core-crypto/corecrypto.js"}}
</script>`;

/** A browser whose pages are contenders. */
export interface Browser {
  open(engine: 'ours' | 'core-crypto'): Promise<Peer>;
  version: string;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<Browser> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/').then(({ body, type }) => {
      // Isolated, a page's clock ticks in 5 µs instead of 100.
      response.writeHead(body === undefined ? 404 : 200, {
        'content-type': type,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-sync',
    ],
  });
  return {
    version: browser.version(),
    async open(engine) {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`${engine}: ${error.message}`));
      await page.goto(url);
      await page.addScriptTag({ type: 'module', url: `/bench/page.ts?${engine}` });
      await page.waitForFunction(() => 'answer' in globalThis);
      return {
        ask: (request) =>
          page.evaluate(
            (asked) =>
              (globalThis as unknown as { answer(asked: Request): Promise<Observation> }).answer(asked),
            request,
          ),
        close: () => context.close(),
      };
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

async function answer(url: string): Promise<{ body: string | Buffer | undefined; type: string }> {
  const { pathname } = new URL(url, 'http://localhost');
  if (pathname === '/') return { body: PAGE, type: 'text/html' };
  const [, name = '', ...rest] = normalize(pathname).split('/');
  const folder = FOLDERS[name];
  const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
  if (folder === undefined) return { body: undefined, type };
  const file = await readFile(join(folder, ...rest)).catch(() => undefined);
  const isTypeScript = extname(pathname) === '.ts';
  return { body: isTypeScript && file !== undefined ? stripTypeScriptTypes(file.toString()) : file, type };
}
