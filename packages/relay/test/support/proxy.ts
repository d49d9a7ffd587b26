import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TestProxy {
  url: string;
  /** Breaks the connections that there are. */
  cut(): void;
  close(): Promise<void>;
}

/** What stands before several relays: each new connection goes to the next of them. */
export async function startProxy(urls: readonly string[]): Promise<TestProxy> {
  const ports = urls.map((url) => Number(new URL(url).port));
  const open = new Set<Socket>();
  let next = 0;
  const server = createServer((client) => {
    const relay = connect(ports[next++ % ports.length] ?? 0, '127.0.0.1');
    for (const [from, to] of [
      [client, relay],
      [relay, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      // Not cut off: what one end said before it went has to reach the other.
      from.on('error', () => to.end());
      from.on('close', () => {
        open.delete(from);
        to.end();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
