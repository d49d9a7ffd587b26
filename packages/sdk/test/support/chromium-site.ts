import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM, CHROMIUM_FLAGS, startRelay } from '@quicprochat/testkit';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { build } from 'tsdown';

const SOURCES = join(import.meta.dirname, '../../src');
const WASM = join(import.meta.dirname, '../../../core-wasm/artefact/quicprochat_wasm_bg.wasm');

/** A site with the SDK, in the global `sdk` of its page, a relay that it may use, and a Chromium. */
export interface ChromiumSite {
  /** What a page needs to create clients. */
  place: { relay: string; site: string };
  /** A page in a profile of its own, or another one of that profile. */
  openPage(of?: BrowserContext): Promise<Page>;
  close(): Promise<void>;
}

export async function chromiumSite(): Promise<ChromiumSite> {
  const files = await filesOfPage();
  const server = createServer((request, response) => {
    const [type, body] = files.get(request.url ?? '') ?? ['text/plain', ''];
    response.setHeader('content-type', type).end(body);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const site = `http://localhost:${(server.address() as AddressInfo).port}`;
  const relay = await startRelay({ env: { QPC_ORIGINS: site } });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] });
  return {
    place: { relay: relay.url, site },
    openPage: async (of) => {
      const context = of ?? (await browser.newContext());
      const page = await context.newPage();
      await page.goto(site);
      return page;
    },
    close: async () => {
      await browser.close();
      server.close();
      await relay.stop();
    },
  };
}

/** The page, the SDK and the worker as one file each, and the core. */
async function filesOfPage(): Promise<Map<string, [string, string | Buffer]>> {
  const outDir = await mkdtemp(join(tmpdir(), 'qpc-page-'));
  for (const entry of [
    { sdk: join(SOURCES, 'index.ts') },
    { worker: join(SOURCES, 'worker/entry-browser.ts') },
  ])
    await build({
      entry,
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
  const html =
    '<!doctype html><title>keys</title><script type="module">import * as sdk from "/sdk.js"; window.sdk = sdk;</script>';
  return new Map([
    ['/', ['text/html', html]],
    ['/sdk.js', ['text/javascript', await readFile(join(outDir, 'sdk.js'))]],
    ['/worker.js', ['text/javascript', await readFile(join(outDir, 'worker.js'))]],
    ['/core.wasm', ['application/wasm', await readFile(WASM)]],
  ]);
}
