import type { Rng } from '@quicprochat/testkit';
import { platform } from '#platform';
import type { Platform } from '../../src/platform/platform.ts';

/** The ways in which a call fails. A stream is a call, too, and its answer goes on for as long as it is open. */
const WAYS = ['no connection', 'lost answer', '502', 'no answer', 'broken off', 'frozen'] as const;

/** The most pieces of an answer that arrive before it breaks off or freezes. */
const MOST_PIECES = 20;

/** This machine's network, on which a share of all calls fails, each in a random way. */
export class FailingNetwork {
  /** Which share of the calls fails, from now on. */
  share = 0;
  calls = 0;
  readonly faults = new Map<string, number>();
  readonly platform: Platform;
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.platform = { ...platform, net: { ...platform.net, fetch: (...args) => this.#fetch(...args) } };
  }

  async #fetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    this.calls++;
    if (!this.#rng.chance(this.share)) return platform.net.fetch(input, init);
    const way = this.#rng.pick(WAYS);
    this.faults.set(way, (this.faults.get(way) ?? 0) + 1);
    if (way === 'no connection') throw new TypeError('fetch failed');
    if (way === 'no answer') return aborted(init?.signal);
    if (way === '502')
      return new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } });
    const response = await platform.net.fetch(input, init);
    if (way === 'lost answer') {
      await response.body?.cancel();
      throw new TypeError('fetch failed');
    }
    return cutAfter(response, { pieces: this.#rng.below(MOST_PIECES), breaks: way === 'broken off' });
  }
}

/** Never resolves; rejects when the caller gives up. */
function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => reject(signal?.reason as Error);
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
  });
}

/**
 * An answer that breaks off, or says nothing more, after so many pieces. One that has fewer arrives whole, but for calls
 * that are no streams: they have one piece, and it is missing.
 */
function cutAfter(response: Response, { pieces, breaks }: { pieces: number; breaks: boolean }): Response {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  let left = isStream ? pieces : 0;
  let isCut = false;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, controller) => {
      isCut ||= left-- <= 0;
      if (!isCut) controller.enqueue(piece);
      else if (breaks) controller.error(new TypeError('terminated'));
    },
    flush: () => (isCut ? new Promise<void>(() => undefined) : undefined),
  });
  return new Response(response.body?.pipeThrough(cut), response);
}
