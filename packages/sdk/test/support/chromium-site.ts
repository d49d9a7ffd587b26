import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM, CHROMIUM_FLAGS, startRelay, type RelayProcess } from '@quicprochat/testkit';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { build } from 'tsdown';

const SOURCES = join(import.meta.dirname, '../../src');
const WASM = join(import.meta.dirname, '../../../core-wasm/artefact/quicprochat_wasm_bg.wasm');

/** What a page needs to create clients. */
export interface Place {
  relay: string;
  site: string;
}

/** A site with the SDK, in the global `sdk` of its page, and a relay that it may use. */
export interface SdkSite {
  place: Place;
  relay: RelayProcess;
  close: () => Promise<void>;
}

/** The same and a Chromium. */
export interface ChromiumSite {
  place: Place;
  /** A page in a profile of its own, or another one of that profile. */
  openPage(of?: BrowserContext): Promise<Page>;
  close(): Promise<void>;
}

interface SiteOptions {
  /** More modules for the page: a file for each, by the global that it is in. */
  modules?: Record<string, string>;
  /** More environment for the relay. */
  env?: Record<string, string>;
}

export async function sdkSite({ modules = {}, env = {} }: SiteOptions = {}): Promise<SdkSite> {
  const files = await filesOfPage(modules);
  const server = createServer((request, response) => {
    const [type, body] = files.get(request.url ?? '') ?? ['text/plain', ''];
    response.setHeader('content-type', type).end(body);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const site = `http://localhost:${(server.address() as AddressInfo).port}`;
  const relay = await startRelay({ env: { QPC_ORIGINS: site, ...env } });
  return {
    place: { relay: relay.url, site },
    relay,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await relay.stop();
    },
  };
}

export async function chromiumSite(): Promise<ChromiumSite> {
  const { place, close } = await sdkSite();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] });
  return {
    place,
    openPage: async (of) => {
      const context = of ?? (await browser.newContext());
      const page = await context.newPage();
      await page.goto(place.site);
      return page;
    },
    close: async () => {
      await browser.close();
      await close();
    },
  };
}

/** The page, the core, and the SDK, the worker and further modules as one file each. */
async function filesOfPage(modules: Record<string, string>): Promise<Map<string, [string, string | Buffer]>> {
  const outDir = await mkdtemp(join(tmpdir(), 'qpc-page-'));
  const globals = { sdk: join(SOURCES, 'index.ts'), ...modules };
  const entries = { ...globals, worker: join(SOURCES, 'worker/entry-browser.ts') };
  for (const [name, file] of Object.entries(entries))
    await build({
      entry: { [name]: file },
      outDir,
      clean: false,
      config: false,
      dts: false,
      format: 'esm',
      platform: 'browser',
      fixedExtension: false,
      logLevel: 'silent',
      deps: { alwaysBundle: [/.*/] },
      inputOptions: { resolve: { conditionNames: ['@quicprochat/source', 'browser', 'import', 'default'] } },
    });
  const lines = Object.keys(globals).map(
    (name) => `import * as ${name} from "/${name}.js"; window.${name} = ${name};`,
  );
  const html = `<!doctype html><title>keys</title><script type="module">${lines.join(' ')}</script>`;
  const scripts = await Promise.all(
    Object.keys(entries).map(async (name): Promise<[string, [string, Buffer]]> => {
      return [`/${name}.js`, ['text/javascript', await readFile(join(outDir, `${name}.js`))]];
    }),
  );
  return new Map<string, [string, string | Buffer]>([
    ['/', ['text/html', html]],
    ...scripts,
    ['/core.wasm', ['application/wasm', await readFile(WASM)]],
  ]);
}
