import { readFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPages } from '../pages.ts';
import type { Peer } from './peer.ts';
import type { Observation, Request } from './scenario.ts';

const CORE_CRYPTO = dirname(
  fileURLToPath(import.meta.resolve('@wireapp/core-crypto/browser', import.meta.url)),
);
/** What the page may fetch. TypeScript goes out with its types stripped: no bundler between the code and the figures. */
const FOLDERS: Record<string, string> = {
  bench: import.meta.dirname,
  core: join(dirname(createRequire(import.meta.url).resolve('@quicprochat/core-wasm/package.json'))),
  'core-crypto': CORE_CRYPTO,
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
  const pages = await startPages(fileAt);
  return {
    version: pages.version,
    async open(engine) {
      const page = await pages.open(`/bench/page.ts?${engine}`, 'answer');
      return {
        ask: (request) =>
          page.evaluate(
            (asked) =>
              (globalThis as unknown as { answer(asked: Request): Promise<Observation> }).answer(asked),
            request,
          ),
        close: () => page.context().close(),
      };
    },
    close: () => pages.close(),
  };
}

async function fileAt(pathname: string): Promise<string | Buffer | undefined> {
  if (pathname === '/index.html') return PAGE;
  const [, name = '', ...rest] = normalize(pathname).split('/');
  const folder = FOLDERS[name];
  if (folder === undefined) return undefined;
  const file = await readFile(join(folder, ...rest)).catch(() => undefined);
  const isTypeScript = extname(pathname) === '.ts';
  return isTypeScript && file !== undefined ? stripTypeScriptTypes(file.toString()) : file;
}
