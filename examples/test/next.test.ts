import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { extname, join } from 'node:path';
import { chromiumMissing, isHere } from '@quicprochat/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { talk } from './support/people.ts';
import { openStage, type Stage } from './support/stage.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

describe.skipIf(!isHere(chromiumMissing))(
  'the packed SDK in a Next project, imported statically by a page',
  () => {
    let stage: Stage | undefined;
    let site: Server | undefined;
    beforeAll(async () => {
      stage = await openStage('next');
    });
    afterAll(async () => {
      site?.close();
      await stage?.close();
    });
    beforeEach((context) => context.skip(stage === undefined, 'npm cannot reach its registry'));

    test('is prerendered, and two people talk through the built page', async () => {
      const { project, browser, built, relay } = stage!;
      await project.run('npm', ['run', 'build']);
      const out = join(project.folder, 'out');
      expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('Your handle');
      site = serveFiles(out).listen(Number(built.port), 'localhost');
      await once(site, 'listening');
      await talk(browser, { url: built, relay: relay.url });
    });

    test('two people talk through the development server', async () => {
      const { project, browser, dev, relay } = stage!;
      await project.serve('next', ['dev', '--port', dev.port], dev.href);
      await talk(browser, { url: dev, relay: relay.url });
    });
  },
);

function serveFiles(folder: string): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = join(folder, pathname === '/' ? 'index.html' : pathname);
    readFile(path).then(
      (body) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
}
