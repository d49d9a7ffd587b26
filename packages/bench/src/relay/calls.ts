import { Agent, request } from 'node:http';
import { PROTOCOL_PARAMETER, PROTOCOL_VERSION, type RelayErrorData } from '@quicprochat/protocol';

/** A call that the relay refused. */
export class Refused extends Error {
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor({ code, details }: RelayErrorData['qpc']) {
    super(code);
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * Calls to the relay as the SDK's tRPC client puts them on the wire (one POST, the input as JSON), over a bounded number
 * of connections that are kept. Without the client itself, which would cost the relay's machine more than this does.
 */
export class Calls implements Disposable {
  readonly url: URL;
  readonly #agent: Agent;

  constructor(url: string, connections: number) {
    this.url = new URL(url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  make<Result>(procedure: string, input: object): Promise<Result> {
    const body = JSON.stringify(input);
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(`/trpc/${procedure}?${PROTOCOL_PARAMETER}=${PROTOCOL_VERSION}`, this.url),
        {
          method: 'POST',
          agent: this.#agent,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const answer = JSON.parse(Buffer.concat(chunks).toString()) as Answer<Result>;
            if ('error' in answer) reject(new Refused(answer.error.data.qpc));
            else resolve(answer.result.data);
          });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

type Answer<Result> = { result: { data: Result } } | { error: { data: RelayErrorData } };
