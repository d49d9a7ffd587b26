import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

/** A server that stands in a relay's place, and whose answers the test writes byte by byte. */
export interface SlowServer {
  url: string;
  /** The next request's answer, once the request has come. */
  next(): Promise<ServerResponse>;
}

const open: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

export async function startSlowServer(): Promise<SlowServer> {
  const server = createServer().listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  const requests: ServerResponse[] = [];
  let arrive = () => {};
  server.on('request', (request, response: ServerResponse) => {
    request.resume();
    requests.push(response);
    arrive();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: async () => {
      while (requests.length === 0) await new Promise<void>((resolve) => (arrive = resolve));
      return requests.shift() as ServerResponse;
    },
  };
}

/** Writes the same piece without end, as fast as it is taken; how many bytes were handed over, and when the reader left. */
export function writeWithoutEnd(
  response: ServerResponse,
  piece: string,
): { bytes: number; left: Promise<unknown> } {
  const written = { bytes: 0, left: once(response, 'close') };
  const write = () => {
    while (!response.destroyed) {
      written.bytes += piece.length;
      if (!response.write(piece)) return;
    }
  };
  response.on('drain', write);
  write();
  return written;
}
