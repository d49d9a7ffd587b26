import { hasCode, reasonOf, sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { ANSWER_SILENCE_MS, mostAnswerBytes, OVERDUE_MS, outTime, type OutTime } from './bounds.ts';
import type { Link } from './link.ts';

/** What a request needs of the world around it. */
export interface Network extends Pick<Platform, 'net' | 'timers'> {
  link: Link;
  /** Told of a call whose answer is overdue. What it returns is called when the answer goes on or the call has ended. */
  onOverdue?: () => () => void;
}

/**
 * Calls a procedure and reads its answer whole, within bounds: so many bytes for each procedure, and never a long
 * silence. A slow answer is read to its end, however long that takes.
 *
 * @param check looks at the answer before its body is read, and throws if that is not worth reading
 * @throws {TransportError} NETWORK if the relay falls silent, RELAY_MISBEHAVED if its answer is too long
 */
export async function fetchWhole(
  network: Network,
  url: string,
  { init = {}, check }: { init?: RequestInit; check: (response: Response) => void },
): Promise<Response> {
  const { net, link } = network;
  const giveUp = new AbortController();
  const signal = init.signal == null ? giveUp.signal : AbortSignal.any([init.signal, giveUp.signal]);
  const requestBytes = typeof init.body === 'string' ? init.body.length : 0;
  const out = outTime(requestBytes, link.outgoing);
  const hasBegun = link.begin(requestBytes, giveUp);
  const overdue = new OverdueWatch(network, out.ms);
  try {
    const begun = net.fetch(url, { ...init, signal });
    const response = await answerBegun(network, out, begun);
    hasBegun();
    overdue.heard();
    check(response);
    const procedure = new URL(url).pathname.split('/').at(-1) ?? '';
    const body = await readWhole(response, {
      network,
      mostBytes: mostAnswerBytes(procedure),
      onChunk: () => overdue.heard(),
    });
    const { status, statusText, headers } = response;
    // Those of some statuses must have none.
    return new Response(body.length === 0 ? null : body, { status, statusText, headers });
  } catch (error) {
    giveUp.abort();
    throw error;
  } finally {
    hasBegun();
    overdue.end();
  }
}

/**
 * Tells of an answer that is overdue: it is due, and for some seconds nothing came of it, nor anything else from the relay.
 * On a slow link an answer can wait behind another one that is still arriving.
 */
class OverdueWatch {
  readonly #ended = new AbortController();
  #onResume: (() => void) | undefined;

  /** @param outMs how long the request may take to go out */
  constructor(network: Network, outMs: number) {
    const { onOverdue } = network;
    if (onOverdue !== undefined) void this.#watch(network, { outMs, onOverdue }).catch(() => undefined);
  }

  async #watch(
    { timers, link }: Network,
    { outMs, onOverdue }: { outMs: number; onOverdue: () => () => void },
  ): Promise<void> {
    const { signal } = this.#ended;
    let waitMs = outMs + OVERDUE_MS;
    for (;;) {
      const { heard } = link;
      await timers.sleep(waitMs, signal);
      if (signal.aborted) return;
      if (link.heard === heard) this.#onResume ??= onOverdue();
      waitMs = OVERDUE_MS;
    }
  }

  /** Something has come of it. */
  heard(): void {
    this.#onResume?.();
    this.#onResume = undefined;
  }

  end(): void {
    this.#ended.abort(NOT_WAITED_FOR);
    this.heard();
  }
}

/** A body's bytes, if there are not too many. */
export async function readWhole(
  response: Response,
  {
    network,
    mostBytes,
    onChunk = () => undefined,
  }: { network: Network; mostBytes: number; onChunk?: () => void },
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunksOf(response, { network, silenceMs: ANSWER_SILENCE_MS })) {
      onChunk();
      length += chunk.length;
      if (length > mostBytes) throw tooLong();
      chunks.push(chunk);
    }
  } catch (error) {
    throw hasCode(error, 'RELAY_MISBEHAVED') ? error : answerBrokeOff(error);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/**
 * A body as it arrives. No more is taken from the connection than the caller asks for, and leaving early closes it.
 *
 * @throws {TransportError} NETWORK after a silence
 */
export async function* chunksOf(
  response: Response,
  { network, silenceMs }: { network: Network; silenceMs: number },
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await unlessSilent(network, reader.read(), { ms: silenceMs });
      if (done) return;
      yield value;
    }
  } finally {
    // Of a body that has ended or broken this does nothing.
    void reader.cancel().catch(() => undefined);
  }
}

/** An answer began to arrive, and its end never came: a shorter one might have. */
export function answerBrokeOff(cause: unknown) {
  return sdkError('NETWORK', 'The connection to the relay broke. Try again.', {
    cause,
    details: { reason: 'broke-off' },
  });
}

export function brokeOff(error: unknown): boolean {
  return reasonOf(error, 'NETWORK') === 'broke-off';
}

/** An answer that no relay gives. Retryable: what was asked may have been done all the same, and what waits must not be lost. */
export function tooLong() {
  return sdkError(
    'RELAY_MISBEHAVED',
    'The relay’s answer is longer than its protocol allows. Check the versions of the relay and this client.',
    { retryable: true, details: { reason: 'malformed' } },
  );
}

/** An answer's beginning, unless that does not come in time. */
export function answerBegun(
  network: Network,
  { ms, moreMs }: OutTime,
  begun: Promise<Response>,
): Promise<Response> {
  return unlessSilent(network, begun, { ms: ms + ANSWER_SILENCE_MS, moreMs });
}

/**
 * What comes of this, unless nothing has come of it for so long.
 *
 * @param times `moreMs` is what is given besides, as long as something else comes from the relay in each `ms`
 */
async function unlessSilent<Result>(
  { timers, link }: Network,
  work: Promise<Result>,
  { ms, moreMs = 0 }: { ms: number; moreMs?: number },
): Promise<Result> {
  const done = new AbortController();
  let { heard } = link;
  const wait = async () => {
    await timers.sleep(ms, done.signal);
    for (let leftMs = moreMs; leftMs > 0 && link.heard !== heard; leftMs -= ms) {
      heard = link.heard;
      await timers.sleep(Math.min(leftMs, ms), done.signal);
    }
  };
  const silence = wait().then(() => {
    const error = sdkError('NETWORK', 'The relay stopped answering. Try again.', {
      details: { reason: 'silent' },
    });
    // Not even a ping of a stream: a large request that may still be going out is not waited for any longer, either.
    if (link.heard === heard) link.giveUp(error);
    throw error;
  });
  try {
    const result = await Promise.race([work, silence]);
    link.heard += 1;
    return result;
  } finally {
    done.abort(NOT_WAITED_FOR);
  }
}

/** One for all: by itself, an abort makes an error with a stack, for every answer and every piece of a stream. */
const NOT_WAITED_FOR = new Error('the work that this silence was measured in is done');
