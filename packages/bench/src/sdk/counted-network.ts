import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { countCall } from './procedure.ts';
import type { Counts, Tally } from './tally.ts';

/**
 * Counts the calls that this process makes by `fetch`, by procedure. Node's own diagnostics channels tell them, so
 * nothing stands between the client and its relay.
 *
 * @returns the bytes that went over all connections since the start, headers included
 */
export function countNetwork(tally: Tally): () => Counts {
  const sockets = new Set<Socket>();
  subscribe('undici:request:create', (event) => {
    const { path } = (event as { request: { path: string } }).request;
    countCall(path, tally);
  });
  subscribe('undici:client:connected', (event) => {
    sockets.add((event as { socket: Socket }).socket);
    tally.add('connections');
  });
  return () => {
    const bytes = { 'bytes sent': 0, 'bytes received': 0 };
    for (const { bytesWritten, bytesRead } of sockets) {
      bytes['bytes sent'] += bytesWritten;
      bytes['bytes received'] += bytesRead;
    }
    return bytes;
  };
}
