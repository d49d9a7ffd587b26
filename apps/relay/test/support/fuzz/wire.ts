import { Agent, request, type IncomingMessage } from 'node:http';
import fc from 'fast-check';
import type { Call } from './world.ts';

/** A request, down to what no client would send. */
export interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

export interface Received {
  status: number;
  type: string;
  text: string;
}

/** Makes something else of the request that would carry a call. */
export type Bending = (sent: Sent) => Sent;

/** The request that carries these calls: one as it is, several as a batch. Each comes with the text of its input. */
export function requestOf(calls: readonly (Call & { text: string })[], bend: Bending): Sent {
  const [first] = calls;
  const names = calls.map(({ procedure }) => procedure).join();
  const isBatch = calls.length !== 1;
  const body = isBatch ? `{${calls.map(({ text }, i) => `"${i}":${text || 'null'}`).join()}}` : first?.text;
  const headers = {
    'content-type': 'application/json',
    ...(first?.token !== undefined && { authorization: `Bearer ${first.token}` }),
  };
  const path = `/trpc/${names}${isBatch ? '?batch=1' : ''}`;
  // A subscription takes its input from the address, and nothing else does.
  if (first?.procedure === 'streams.events' && !isBatch)
    return bend({ method: 'GET', path: withQuery(path, 'input', body ?? ''), headers, body: undefined });
  return bend({ method: 'POST', path, headers, body });
}

const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'];
const TYPES = [
  ...['text/plain', 'application/json; charset=utf-16', 'application/jsonl', 'application/xml', 'x', ';', ''],
  ...['application/octet-stream', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'],
];
const PARAMETERS = ['null', '[]', '7', '"x"', '{', '{"__proto__":{}}', '%', 'x'.repeat(8_000)];
const PATHS = [
  ...['/', '/trpc', '/trpc/', '/trpc/no.such', '/trpc/groups', '/trpc/__proto__', '/trpc/constructor'],
  ...['/trpc/auth.challenge.toString', '/trpc/..%2f..%2fetc%2fpasswd', '/trpc/%00', '/trpc/%zz', '//trpc//'],
  ...['/trpc/auth.challenge/', '/metrics', '/trpc/,,,,', `/trpc/${'a'.repeat(2_000)}`, '/trpc/a%2Cb?batch=1'],
];
const HEADERS: [string, string][] = [
  ['authorization', 'Basic eDp5'],
  ['authorization', `Bearer ${'A'.repeat(43)}`],
  ['authorization', `Bearer ${'A'.repeat(9_000)}`],
  ['accept', 'text/event-stream'],
  ['trpc-accept', 'application/jsonl'],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'br'],
  ['expect', '100-continue'],
  ['host', 'elsewhere.example'],
  ['origin', 'null'],
  ['x-forwarded-for', '::1, evil'],
  ['x-http-method-override', 'DELETE'],
  ['last-event-id', '-1'],
  ['cookie', 'a=b; '.repeat(200)],
  ['x-large', 'x'.repeat(20_000)],
];

const untouched: Bending = (sent) => sent;

/** Mostly nothing, so that what is in the body gets its turn. */
export const bending: fc.Arbitrary<Bending> = fc.oneof(
  { weight: 30, arbitrary: fc.constant(untouched) },
  fc.constantFrom(...METHODS).map((method): Bending => (sent) => ({ ...sent, method })),
  fc.constantFrom(...TYPES).map((type): Bending => withHeader('content-type', type)),
  { weight: 2, arbitrary: fc.constantFrom(...HEADERS).map(([name, value]) => withHeader(name, value)) },
  fc.constantFrom(...PATHS).map((path): Bending => (sent) => ({ ...sent, path })),
  fc
    .tuple(
      fc.constantFrom('input', 'batch', 'connectionParams', 'lastEventId'),
      fc.constantFrom(...PARAMETERS),
    )
    .map(([name, value]): Bending => (sent) => ({ ...sent, path: withQuery(sent.path, name, value) })),
  fc.uint8Array({ maxLength: 2_000 }).map(
    (bytes): Bending =>
      (sent) =>
        withBody(sent, Buffer.from(bytes)),
  ),
  fc.nat().map(
    (at): Bending =>
      (sent) =>
        withBody(sent, sent.body?.slice(0, at % (sent.body.length + 1)) ?? ''),
  ),
  // JSON text with one byte changed.
  fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]): Bending => (sent) => {
    const bytes = Buffer.from(sent.body ?? ' ');
    bytes[at % bytes.length] = byte;
    return withBody(sent, bytes);
  }),
);

function withHeader(name: string, value: string): Bending {
  return (sent) => ({ ...sent, headers: { ...sent.headers, [name]: value } });
}

function withBody(sent: Sent, body: string | Buffer): Sent {
  return sent.method === 'GET' ? sent : { ...sent, body };
}

function withQuery(path: string, name: string, value: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`;
}

/** A stream has said what it has to say once it is open, refused or over. */
const SAID_ENOUGH = /"type":"open"|event: (serialized-error|return)/;

/** Sends requests over connections that stay open: whatever one of them does to its connection, the next one shows. */
export class Wire implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #url: URL;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  async send({ method, path, headers, body }: Sent): Promise<Received> {
    const { hostname, port } = this.#url;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const options = {
        agent: this.#agent,
        hostname,
        port,
        method,
        path,
        headers: { ...headers, ...length },
      };
      request(options, resolve).on('error', reject).end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if (isStream(answer) && SAID_ENOUGH.test(Buffer.concat(chunks).toString())) break;
    }
    return {
      status: answer.statusCode ?? 0,
      type: answer.headers['content-type'] ?? '',
      text: Buffer.concat(chunks).toString(),
    };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function isStream({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true;
}
