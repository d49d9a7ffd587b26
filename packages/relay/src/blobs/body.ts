import type { IncomingMessage } from 'node:http';
import { addAbortSignal, PassThrough } from 'node:stream';
import { RelayError } from '../errors.ts';
import { areTooSmall, tooSmall } from '../limits/pieces.ts';

/** How much of an upload has to come in a while, for it to go on. */
const PACE_BYTES = 64 * 1024;

/** Nobody is there any more who sends, or who could be answered. */
export class CallerLeft extends Error {}

export interface Patience {
  /** How long 64 KiB may take to come. Waiting for our own disk does not count. */
  slowUploadMs: number;
  /** Aborted where uploads have to end. */
  ending: AbortSignal;
}

/**
 * The body of an upload as it comes. It ends with the request, and where the caller goes away, is too slow, sends it in too
 * small pieces, or has to stop for us; never with an error, so that what came before can be kept.
 */
export class UploadBody {
  /** Why it ended before its time, once it has. */
  broken: Error | undefined;
  readonly #request: IncomingMessage;
  readonly #patience: Patience;

  constructor(request: IncomingMessage, patience: Patience) {
    this.#request = request;
    this.#patience = patience;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { ending, slowUploadMs } = this.#patience;
    const pace = new Pace(slowUploadMs);
    // Not the request itself, which the answer needs whole: what is cut off here is only what we read of it.
    const body = addAbortSignal(AbortSignal.any([ending, pace.signal]), new PassThrough());
    const onClose = () => {
      if (this.#request.complete) return;
      this.broken = new CallerLeft();
      // What came is read to its end.
      body.end();
    };
    let [pieces, bytes] = [0, 0];
    const onData = ({ length }: Buffer) => {
      pieces += 1;
      bytes += length;
      if (!areTooSmall(pieces, bytes)) return;
      this.broken ??= tooSmall();
      this.#request.unpipe(body);
      body.end();
    };
    if (this.#request.closed) onClose();
    this.#request.once('close', onClose).pipe(body);
    // After the pipe: of the piece that is one too many, it would write to a body that has ended.
    this.#request.on('data', onData);
    try {
      pace.wait();
      for await (const bytes of body as AsyncIterable<Buffer>) {
        pace.came(bytes.length);
        yield bytes;
        pace.wait();
      }
    } catch {
      // Nothing else ends it so but the two signals.
      this.broken ??= new RelayError('UNAVAILABLE');
    } finally {
      pace.stop();
      this.#request.off('close', onClose).off('data', onData).unpipe(body);
    }
  }
}

/** Counts how long we wait for bytes, and aborts where that is too long for too few. */
class Pace {
  readonly #slowMs: number;
  readonly #slow = new AbortController();
  readonly signal = this.#slow.signal;
  #timer: NodeJS.Timeout | undefined;
  #sinceMs = 0;
  #waitedMs = 0;
  #bytes = 0;

  constructor(slowMs: number) {
    this.#slowMs = slowMs;
  }

  wait(): void {
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(() => this.#slow.abort(), this.#slowMs - this.#waitedMs);
  }

  came(bytes: number): void {
    this.stop();
    this.#waitedMs += performance.now() - this.#sinceMs;
    this.#bytes += bytes;
    if (this.#bytes < PACE_BYTES) return;
    this.#waitedMs = 0;
    this.#bytes = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
