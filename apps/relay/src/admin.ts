import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';

/**
 * What operators and their tools ask, on a port of its own that clients never see: is it alive, does it serve, how is
 * it doing.
 */
export async function serveAdmin({
  host,
  port,
  isReady,
  registry,
}: {
  host: string;
  port: number;
  isReady: () => Promise<boolean>;
  registry: Registry;
}): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request.url ?? '', { registry, isReady }).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

async function answer(
  path: string,
  { registry, isReady }: { registry: Registry; isReady: () => Promise<boolean> },
) {
  const text = (status: number, body: string) => ({
    status,
    type: 'text/plain; charset=utf-8',
    body: `${body}\n`,
  });
  switch (path) {
    case '/livez':
      return text(200, 'alive');
    case '/readyz':
      return (await isReady().catch(() => false)) ? text(200, 'ready') : text(503, 'not ready');
    case '/metrics':
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    default:
      return text(404, 'try /livez, /readyz or /metrics');
  }
}
