import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * One address that leads to whichever port of this machine it is pointed to, as an operator's virtual address or TCP
 * proxy does. What stands between the two ends can so be moved, or cut.
 */
export interface TcpSwitch {
  readonly port: number;
  /** Where connections lead from now on; those that are open are cut. Undefined: nowhere. */
  pointTo(port: number | undefined): void;
  close(): Promise<void>;
}

export async function startTcpSwitch(): Promise<TcpSwitch> {
  const open = new Set<Socket>();
  let target: number | undefined;
  const join = (from: Socket, to: Socket) => {
    open.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      open.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    if (target === undefined) return client.destroy();
    const there = connect(target, '127.0.0.1');
    join(client, there);
    join(there, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    pointTo: (port) => {
      target = port;
      cut();
    },
    close: async () => {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
