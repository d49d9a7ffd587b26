import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';

/**
 * What operators and their tools ask, on a port of its own that clients never see: is it alive, does it serve, how is
 * it doing. No metric names a handle, a device, a group or an address.
 */
export async function serveAdmin({
  host,
  port,
  isReady,
}: {
  host: string;
  port: number;
  isReady: () => Promise<boolean>;
}): Promise<Server> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'quicprochat_relay_' });
  const server = createServer((request, response) => {
    void answer(request.url ?? '', { registry, isReady }).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
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
