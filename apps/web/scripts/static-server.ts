import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { codingFor, compressor, isCompressible } from './compression.ts';
import { readHeaders } from './export-dir.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  // Streaming compilation insists on this one.
  '.wasm': 'application/wasm',
};

/** Serves the files of a sealed site, each with the site's headers; nothing outside of the folder, and only GET. */
export async function createStaticServer(dir: string): Promise<Server> {
  const root = resolve(dir);
  const headers = await readHeaders(root);
  return createServer((request, response) => {
    answer(request, response, { root, headers }).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { root, headers }: { root: string; headers: Record<string, string> },
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...headers, allow: 'GET, HEAD' }).end();
    return;
  }
  const found = await find(root, request.url ?? '/');
  const path = found ?? join(root, '404.html');
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const coding = isCompressible(type) ? codingFor(request.headers['accept-encoding']) : undefined;
  response.writeHead(found === undefined ? 404 : 200, {
    ...headers,
    'content-type': type,
    'cache-control': cacheControl(path),
    // A cache in between must keep the codings apart, also when this answer has none.
    ...(isCompressible(type) && { vary: 'Accept-Encoding' }),
    ...(coding && { 'content-encoding': coding }),
  });
  if (request.method === 'HEAD') return void response.end();
  const file = createReadStream(path);
  // Whoever goes away in the middle ends the reading too; there is nobody left to tell.
  if (coding === undefined) pipeline(file, response, () => undefined);
  else pipeline(file, compressor(coding), response, () => undefined);
}

/** Names under _next/static carry a hash of the content; everything else is asked for anew. */
function cacheControl(path: string): string {
  return path.includes(`${sep}_next${sep}static${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/** The file for an address, or undefined. `_headers` is for the host and no part of the site. */
async function find(root: string, address: string): Promise<string | undefined> {
  const path = decoded(address.split(/[?#]/, 1)[0] ?? '/');
  if (path === undefined || path.includes('\0')) return undefined;
  // Joining to the root resolves `..`; a result outside of it, or a sibling that begins with its name, is refused.
  const wanted = join(root, path);
  if (wanted !== root && !wanted.startsWith(root + sep)) return undefined;
  if (wanted === join(root, '_headers')) return undefined;
  for (const candidate of [wanted, `${wanted}.html`, join(wanted, 'index.html')]) {
    if ((await stat(candidate).catch(() => undefined))?.isFile() === true) return candidate;
  }
  return undefined;
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
