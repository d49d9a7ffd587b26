import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@quicprochat/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHeaders, sealExport } from './export-dir.ts';
import { hostHeaders } from './host-headers.ts';

const CADDYFILE = join(import.meta.dirname, '../../../ops/web/Caddyfile');
const hasCaddy = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'caddy')));
if (!hasCaddy && process.env['CI'] === 'true')
  throw new Error('CI must have caddy (Debian: apt-get install caddy).');

const PAGE =
  '<!DOCTYPE html><html><head><script src="/boot.js"></script><script>self.a = "it\'s";</script></head><body>here</body></html>';

async function sealedSite(): Promise<string> {
  const site = await mkdtemp(join(tmpdir(), 'qpc-hosted-'));
  await mkdir(join(site, '_next/static'), { recursive: true });
  await writeFile(join(site, 'index.html'), PAGE);
  await writeFile(join(site, '404.html'), PAGE.replace('here', 'nothing here'));
  await writeFile(join(site, '_next/static/core.wasm'), Buffer.alloc(100_000, 'wasm'));
  await sealExport(site, 'https://relay.example');
  return site;
}

test('the headers of a site are written for each web server', () => {
  const headers = { 'X-One': "script-src 'self'; a", 'X-Two': 'b=()' };
  expect(hostHeaders('caddy', headers)).toBe('header X-One "script-src \'self\'; a"\nheader X-Two "b=()"\n');
  expect(hostHeaders('nginx', headers)).toBe(
    'add_header X-One "script-src \'self\'; a" always;\nadd_header X-Two "b=()" always;\n',
  );
});

test.each(['"', '\\', '$', '{', '\n'])(
  'a header with %j in it is refused, rather than written wrong',
  (sign) => {
    expect(() => hostHeaders('nginx', { 'X-One': `a${sign}b` })).toThrow('X-One');
  },
);

test('the command prints what a sealed site has in _headers, and says what it lacks', async () => {
  const site = await sealedSite();
  const run = (...words: string[]) =>
    execFileSync(process.execPath, [join(import.meta.dirname, 'headers.ts'), ...words], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  expect(run('nginx', site)).toBe(hostHeaders('nginx', await readHeaders(site)));
  expect(() => run('apache', site)).toThrow('Name a web server: caddy or nginx.');
  expect(() => run('caddy', join(site, 'nowhere'))).toThrow('Build it first');
});

describe.skipIf(!hasCaddy)('Caddy with ops/web/Caddyfile', () => {
  let site: string;
  let url: string;
  let caddy: ChildProcess;

  beforeAll(async () => {
    site = await sealedSite();
    const headers = join(site, '../', `${site.split('/').at(-1) ?? ''}-headers`);
    await writeFile(headers, hostHeaders('caddy', await readHeaders(site)));
    url = `http://127.0.0.1:${await freePort()}`;
    caddy = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', CADDYFILE], {
      env: { ...process.env, WEB_HOST: url, WEB_ROOT: site, WEB_HEADERS: headers, CADDY_ADMIN: 'off' },
      stdio: 'ignore',
    });
    await eventually('Caddy answers', () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    caddy.kill();
    if (caddy.exitCode === null) await once(caddy, 'exit');
  });

  test('every answer has the headers of the site', async () => {
    for (const path of ['/', '/_next/static/core.wasm', '/nowhere']) {
      const { headers } = await fetch(url + path);
      for (const [name, value] of Object.entries(await readHeaders(site)))
        expect(headers.get(name)).toBe(value);
      expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    }
  });

  test('hashed files are kept for ever, and everything else is asked for anew', async () => {
    const kept = 'public, max-age=31536000, immutable';
    expect((await fetch(`${url}/_next/static/core.wasm`)).headers.get('cache-control')).toBe(kept);
    for (const path of ['/', '/config.json', '/_next/static/gone.js'])
      expect((await fetch(url + path)).headers.get('cache-control')).toBe('no-cache');
  });

  test('wasm is compressed, and has the type that browsers insist on', async () => {
    const { headers } = await fetch(`${url}/_next/static/core.wasm`, {
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(headers.get('content-type')).toBe('application/wasm');
    expect(headers.get('content-encoding')).toBe('gzip');
  });

  test('a wrong address and _headers are answered with the page for it', async () => {
    for (const path of ['/nowhere', '/_headers']) {
      const response = await fetch(url + path);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain('nothing here');
    }
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
