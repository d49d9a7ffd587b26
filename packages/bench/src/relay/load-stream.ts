import { get, type ClientRequest } from 'node:http';
import type { RelayErrorData, StreamEvent } from '@quicprochat/protocol';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Refused } from './calls.ts';

export interface StreamOptions {
  url: string;
  ticket: string;
  /** The loopback address to come from. */
  from: string;
  onEvent: (event: StreamEvent) => void;
  /** Called where the relay ends the stream; not after {@link LoadStream.close}. */
  onEnd: () => void;
}

/** One reader of `streams.events`, on a connection of its own, as each client has one. */
export class LoadStream {
  readonly #request: ClientRequest;
  #isClosed = false;

  /** Opens a stream; resolved when the relay says that it stands. */
  static open(options: StreamOptions): Promise<LoadStream> {
    return new Promise((resolve, reject) => {
      const stream = new LoadStream(
        options,
        () => resolve(stream),
        (error) => reject(error),
      );
    });
  }

  private constructor(
    { url, ticket, from, onEvent, onEnd }: StreamOptions,
    onOpen: () => void,
    onFailure: (error: Error) => void,
  ) {
    const end = (error: Error) => {
      if (this.#isClosed) return;
      this.close();
      // Of the two, only the first to be called has an effect on whoever opens.
      onFailure(error);
      onEnd();
    };
    const parser = createParser({
      onEvent: (message) => {
        const event = read(message);
        if (event instanceof Error) return end(event);
        if (event?.type === 'open') onOpen();
        if (event !== undefined) onEvent(event);
      },
    });
    const target = new URL('/trpc/streams.events', url);
    target.searchParams.set('input', JSON.stringify({ ticket }));
    this.#request = get(
      target,
      { agent: false, localAddress: from, headers: { accept: 'text/event-stream' } },
      (response) => {
        response.setEncoding('utf8');
        response.on('data', (text: string) => parser.feed(text));
        response.on('close', () => end(new Error('the stream ended')));
        response.on('error', end);
      },
    );
    this.#request.on('error', end);
  }

  close(): void {
    this.#isClosed = true;
    this.#request.destroy();
  }
}

/** The event that a message carries; undefined for pings and greetings, an error where the relay ends the stream. */
function read({ event, data }: EventSourceMessage): StreamEvent | Error | undefined {
  switch (event) {
    case undefined:
      return JSON.parse(data) as StreamEvent;
    case 'return':
      return new Error('the stream ended');
    case 'serialized-error':
      return new Refused((JSON.parse(data) as { data: RelayErrorData }).data.qpc);
    default:
      return undefined;
  }
}
