import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that is free at each of this machine's addresses just now, also of what is left of connections. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
