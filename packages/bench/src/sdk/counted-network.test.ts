import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { countNetwork } from './counted-network.ts';
import { procedureOf } from './procedure.ts';
import { Tally } from './tally.ts';

test('names a call for its procedure, and other addresses for their first part', () => {
  expect(procedureOf('/trpc/groups.post')).toBe('groups.post');
  expect(procedureOf('/trpc/groups.read?input=1')).toBe('groups.read');
  expect(procedureOf('/events/groups?ticket=1')).toBe('events');
});

test('counts the calls and the bytes of this process', async () => {
  const server = createServer((_request, response) => response.end('0123456789')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const tally = new Tally();
  const wire = countNetwork(tally);
  const body = 'x'.repeat(1_000);
  await (await fetch(`http://127.0.0.1:${port}/trpc/groups.post`, { method: 'POST', body })).text();
  expect(tally.read()).toMatchObject({ 'relay calls': 1, 'relay call groups.post': 1 });
  // Bodies and headers.
  expect(wire()['bytes sent']).toBeGreaterThan(1_050);
  expect(wire()['bytes received']).toBeGreaterThan(50);
  server.close();
  server.closeAllConnections();
});
