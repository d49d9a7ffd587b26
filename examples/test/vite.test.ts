import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromiumMissing, isHere, startRelay } from '@quicprochat/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { talk } from './support/people.ts';
import { openStage, type Stage } from './support/stage.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');

describe.skipIf(!isHere(chromiumMissing))('the packed SDK in a Vite project without configuration', () => {
  let stage: Stage | undefined;
  beforeAll(async () => {
    stage = await openStage('vite');
    if (stage === undefined) return;
    const { project, dev } = stage;
    await copyFile(join(FIXTURES, 'options.html'), join(project.folder, 'options.html'));
    await copyFile(join(FIXTURES, 'options.ts'), join(project.folder, 'src/options.ts'));
    await project.serve('vite', ['--port', dev.port, '--strictPort'], dev.href);
  });
  afterAll(() => stage?.close());
  beforeEach((context) => context.skip(stage === undefined, 'npm cannot reach its registry'));

  test('two people talk through the development server', async () => {
    const { browser, dev, relay } = stage!;
    await talk(browser, { url: dev, relay: relay.url });
  });

  test('two people talk through the built page', async () => {
    const { project, browser, built, relay } = stage!;
    await project.run('npm', ['run', 'build']);
    await project.serve('vite', ['preview', '--port', built.port, '--strictPort'], built.href);
    await talk(browser, { url: built, relay: relay.url });
  });

  describe('a client in the development server', () => {
    let page: Page;
    beforeAll(async () => {
      if (stage === undefined) return;
      page = await stage.browser.newPage();
      await page.goto(`${stage.dev.href}options.html`);
      await page.waitForFunction(() => 'open' in globalThis);
    });
    const open = (options: Record<string, string>) =>
      page.evaluate((given) => (globalThis as never as Fixture).open(given), options);

    test('names the worker’s address if nothing is there', async () => {
      expect(await open({ relay: stage!.relay.url, worker: '/nowhere/worker.js' })).toMatchObject({
        code: 'WORKER_NOT_FOUND',
        message: expect.stringContaining(`${stage!.dev.href}nowhere/worker.js`),
        details: { address: `${stage!.dev.href}nowhere/worker.js` },
      });
    });

    test('names the worker’s address if the browser refuses it at once', async () => {
      const worker = 'https://files.example/worker.js';
      expect(await open({ relay: stage!.relay.url, worker })).toMatchObject({
        code: 'WORKER_NOT_FOUND',
        details: { address: worker },
      });
    });

    test('names the WebAssembly’s address if nothing is there', async () => {
      expect(await open({ relay: stage!.relay.url, wasm: '/nowhere/core.wasm' })).toMatchObject({
        code: 'WASM_NOT_FOUND',
        message: expect.stringContaining(`${stage!.dev.href}nowhere/core.wasm`),
        details: { address: `${stage!.dev.href}nowhere/core.wasm` },
      });
    });

    test('takes the worker and the WebAssembly that the bundler imports from the package', async () => {
      expect(await open({ relay: stage!.relay.url, files: 'imported' })).toEqual({
        handle: expect.any(String),
      });
    });

    test('names QPC_ORIGINS if the relay does not allow the page’s origin', async () => {
      const strict = await startRelay({ env: { QPC_ORIGINS: 'https://chat.example' } });
      const origin = stage!.dev.origin;
      expect(await open({ relay: strict.url })).toMatchObject({
        code: 'NETWORK',
        message: expect.stringMatching(new RegExp(`${origin}.*QPC_ORIGINS`)),
      });
      await strict.stop();
      expect(await open({ relay: strict.url })).toMatchObject({
        code: 'NETWORK',
        message: 'The relay cannot be reached. Check your connection and try again.',
      });
    });
  });
});

/** What fixtures/options.ts puts on the page. */
interface Fixture {
  open(options: Record<string, string>): Promise<Record<string, unknown>>;
}
