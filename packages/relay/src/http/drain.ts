import type { FastifyInstance } from 'fastify';

/** How long a drain waits for callers who do not take their answers. */
const PATIENCE_MS = 5_000;

/**
 * Lets a server go without cutting anyone off: closes it once every answer that was begun is given. Node's own close
 * waits for connections instead, among them those that clients keep open and never use.
 */
export function drainable(server: FastifyInstance): () => Promise<void> {
  const open = new Set<object>();
  let onIdle: () => void = () => undefined;
  server.addHook('onRequest', async (_request, { raw }) => {
    open.add(raw);
    raw.once('close', () => {
      open.delete(raw);
      if (open.size === 0) onIdle();
    });
  });

  return async () => {
    let impatient: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      onIdle = resolve;
      impatient = setTimeout(resolve, PATIENCE_MS);
      if (open.size === 0) resolve();
    });
    clearTimeout(impatient);
    const closed = server.close();
    server.server.closeAllConnections();
    await closed;
  };
}
