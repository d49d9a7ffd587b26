import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a procedure answers, and what is handed to the client instead. */
export type Rewrite = (answer: never) => unknown;

/** A relay's address at which somebody sits in between: it passes everything on, and rewrites what it is told to. */
export interface GoBetween {
  readonly url: string;
  /** Hands out something else as the answer of a procedure from now on; without a rewrite, the true answer again. */
  rewrite(procedure: string, rewrite?: Rewrite): void;
  close(): Promise<void>;
}

/** Clients that are opened with its address talk to this relay through it. */
export async function startGoBetween(relayUrl: string): Promise<GoBetween> {
  const rewrites = new Map<string, Rewrite>();
  const server = createServer((incoming, outgoing) => {
    // The Host stays: it is the name that proofs are made for.
    const { method, headers, url = '/' } = incoming;
    const onward = request(new URL(url, relayUrl), { method, headers }, (answer) => {
      const rewrite = rewrites.get(procedureOf(url));
      if (rewrite === undefined) passOn(answer, outgoing);
      else void handOut(answer, outgoing, rewrite);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rewrite: (procedure, rewrite) => {
      if (rewrite === undefined) rewrites.delete(procedure);
      else rewrites.set(procedure, rewrite);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function procedureOf(url: string): string {
  return /^\/trpc\/([\w.]+)/.exec(url)?.[1] ?? '';
}

function passOn(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(outgoing);
}

async function handOut(answer: IncomingMessage, outgoing: ServerResponse, rewrite: Rewrite): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as { result?: { data: never } };
  if (body.result !== undefined) body.result.data = rewrite(body.result.data) as never;
  const text = Buffer.from(JSON.stringify(body));
  const headers = { 'content-type': 'application/json', 'content-length': text.length };
  outgoing.writeHead(answer.statusCode ?? 502, headers).end(text);
}
