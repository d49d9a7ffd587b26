import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStaticServer } from './static-server.ts';

const WASM = Buffer.alloc(300_000, 'not really wasm, but of its size. ');
const SCRIPT = 'export const a = 1;\n'.repeat(500);
const PICTURE = Buffer.alloc(5_000, 'png');

let server: Server;
let port: number;

beforeAll(async () => {
  const site = await mkdtemp(join(tmpdir(), 'qpc-site-'));
  await mkdir(join(site, '_next/static/media'), { recursive: true });
  await writeFile(join(site, '_headers'), "/*\n  Content-Security-Policy: default-src 'none'\n");
  await writeFile(join(site, 'index.html'), '<p>hello</p>');
  await writeFile(join(site, '404.html'), '<p>nothing here</p>');
  await writeFile(join(site, '_next/static/media/core.wasm'), WASM);
  await writeFile(join(site, '_next/static/app.js'), SCRIPT);
  await writeFile(join(site, 'picture.png'), PICTURE);
  server = await createStaticServer(site);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

/** As the bytes come: `fetch` would take the coding off. */
async function get(path: string, acceptEncoding?: string, method = 'GET') {
  const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding };
  const sent = request({ port, path, method, headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

describe('compression', () => {
  test.each([
    ['what a browser says', 'gzip, deflate, br, zstd', 'br'],
    ['gzip only', 'gzip', 'gzip'],
    ['gzip preferred', 'br;q=0.5, gzip;q=0.9', 'gzip'],
    ['Brotli refused', 'br;q=0, gzip', 'gzip'],
    ['anything', '*', 'br'],
    ['anything but Brotli', '*, br;q=0', 'gzip'],
    ['in capitals and with spaces', ' GZIP ; Q=1.0 ', 'gzip'],
    ['nothing', undefined, undefined],
    ['an empty list', '', undefined],
    ['everything refused', 'identity, *;q=0', undefined],
    ['codings that are not here', 'zstd, deflate', undefined],
    ['nonsense', 'br;q=nonsense', undefined],
  ])('Accept-Encoding: %s', async (_what, accepted, coding) => {
    const { headers, body } = await get('/_next/static/app.js', accepted);
    expect(headers['content-encoding']).toBe(coding);
    expect(headers.vary).toBe('Accept-Encoding');
    const plain = coding === 'br' ? brotliDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body;
    expect(plain.toString()).toBe(SCRIPT);
    if (coding !== undefined) expect(body.length).toBeLessThan(SCRIPT.length / 10);
  });

  test.each(['br', 'gzip'] as const)(
    'wasm comes whole as %s, with its type and the headers of the site',
    async (coding) => {
      const { headers, body } = await get('/_next/static/media/core.wasm', coding);
      expect(headers).toMatchObject({
        'content-type': 'application/wasm',
        'content-encoding': coding,
        'content-security-policy': "default-src 'none'",
        'cache-control': 'public, max-age=31536000, immutable',
      });
      expect((coding === 'br' ? brotliDecompressSync(body) : gunzipSync(body)).equals(WASM)).toBe(true);
      expect(body.length).toBeLessThan(WASM.length / 10);
    },
  );

  test('pages are compressed, the one for a wrong address too', async () => {
    const page = await get('/', 'br');
    expect(brotliDecompressSync(page.body).toString()).toBe('<p>hello</p>');
    expect(page.headers['cache-control']).toBe('no-cache');
    const missing = await get('/nowhere', 'br');
    expect(missing.status).toBe(404);
    expect(brotliDecompressSync(missing.body).toString()).toBe('<p>nothing here</p>');
  });

  test('what is compressed in itself is sent as it is', async () => {
    const { headers, body } = await get('/picture.png', 'br, gzip');
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers.vary).toBeUndefined();
    expect(body.equals(PICTURE)).toBe(true);
  });

  test('HEAD tells the same headers, without a body', async () => {
    const [head, whole] = [
      await get('/_next/static/app.js', 'br', 'HEAD'),
      await get('/_next/static/app.js', 'br'),
    ];
    for (const name of ['content-encoding', 'content-type', 'cache-control', 'vary'])
      expect(head.headers[name]).toBe(whole.headers[name]);
    expect(head.headers['content-encoding']).toBe('br');
    expect(head.body).toHaveLength(0);
  });
});
