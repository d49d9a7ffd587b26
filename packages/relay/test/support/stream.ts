import type { RelayErrorData, StreamEvent } from '@quicprochat/protocol';

/** The parts of one server-sent event. */
interface ServerSentEvent {
  event: string;
  data: string;
}

/** How a stream ended: the relay closed it, refused it, or the reader left. */
export type StreamEnd = { type: 'closed' } | { type: 'refused'; code: string };

/** A reader of `streams.events` that takes one event at a time from the socket, so that a test can also not read. */
export class TestStream implements AsyncDisposable {
  readonly response: Response;
  /** How it ended, once {@link next} gave undefined. */
  end: StreamEnd | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #leave = new AbortController();
  readonly #decoder = new TextDecoder();
  #buffer = '';

  static async open(url: string, ticket: string, headers: Record<string, string> = {}): Promise<TestStream> {
    const leave = new AbortController();
    const input = encodeURIComponent(JSON.stringify({ ticket }));
    const response = await fetch(`${url}/trpc/streams.events?input=${input}`, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: leave.signal,
    });
    return new TestStream(response, leave);
  }

  private constructor(response: Response, leave: AbortController) {
    if (response.body === null) throw new Error('a stream without a body');
    this.response = response;
    this.#reader = response.body.getReader();
    this.#leave = leave;
  }

  /** The next event of the relay's; undefined at the end. */
  async next(): Promise<StreamEvent | undefined> {
    for (let sse = await this.#sse(); sse !== undefined; sse = await this.#sse()) {
      if (sse.event === 'message') return JSON.parse(sse.data) as StreamEvent;
      if (sse.event === 'return') this.end = { type: 'closed' };
      if (sse.event === 'serialized-error') {
        const { data } = JSON.parse(sse.data) as { data: RelayErrorData };
        this.end = { type: 'refused', code: data.qpc.code };
      }
      if (this.end) return undefined;
    }
    this.end ??= { type: 'closed' };
    return undefined;
  }

  /** So many events; fails where the stream ends before. */
  async take(count: number): Promise<StreamEvent[]> {
    const events: StreamEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) throw new Error(`the stream ended after ${events.length} of ${count} events`);
      events.push(event);
    }
    return events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave.abort();
    await this.#reader.cancel().catch(() => undefined);
  }

  async #sse(): Promise<ServerSentEvent | undefined> {
    for (;;) {
      const end = this.#buffer.search(/\n\n/);
      if (end !== -1) {
        const block = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end).replace(/^\n+/, '');
        if (block.trim() !== '') return parse(block);
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#buffer += this.#decoder.decode(value, { stream: true });
    }
  }
}

function parse(block: string): ServerSentEvent {
  const field = (name: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  return { event: field('event') ?? 'message', data: field('data') ?? '' };
}
