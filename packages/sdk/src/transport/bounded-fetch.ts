import { hasCode, reasonOf, sdkError } from '../model/errors.ts';
import type { Platform, Timers } from '../platform/platform.ts';
import { ANSWER_SILENCE_MS, answerWithinMs, mostAnswerBytes, overdueAfterMs } from './bounds.ts';

/** What a request needs of the world around it. */
export interface Network extends Pick<Platform, 'net' | 'timers'> {
  /** Told of a call whose answer is overdue. What it returns is called when the call has ended. */
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
  const { net, timers } = network;
  const giveUp = new AbortController();
  const signal = init.signal == null ? giveUp.signal : AbortSignal.any([init.signal, giveUp.signal]);
  const requestBytes = typeof init.body === 'string' ? init.body.length : 0;
  const noLongerOverdue = tellWhenOverdue(network, requestBytes);
  try {
    const begun = net.fetch(url, { ...init, signal });
    const response = await unlessSilent(timers, answerWithinMs(requestBytes), begun);
    check(response);
    const procedure = new URL(url).pathname.split('/').at(-1) ?? '';
    const body = await readWhole(response, { timers, mostBytes: mostAnswerBytes(procedure) });
    const { status, statusText, headers } = response;
    // Those of some statuses must have none.
    return new Response(body.length === 0 ? null : body, { status, statusText, headers });
  } catch (error) {
    giveUp.abort();
    throw error;
  } finally {
    noLongerOverdue();
  }
}

/** Returns what ends this. */
function tellWhenOverdue({ timers, onOverdue }: Network, requestBytes: number): () => void {
  if (onOverdue === undefined) return () => undefined;
  const ended = new AbortController();
  let onEnd: (() => void) | undefined;
  void timers.sleep(overdueAfterMs(requestBytes), ended.signal).then(
    () => {
      if (!ended.signal.aborted) onEnd = onOverdue();
    },
    () => undefined,
  );
  return () => {
    ended.abort(NOT_WAITED_FOR);
    onEnd?.();
  };
}

/** A body's bytes, if there are not too many. */
export async function readWhole(
  response: Response,
  { timers, mostBytes }: { timers: Timers; mostBytes: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunksOf(response, { timers, silenceMs: ANSWER_SILENCE_MS })) {
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
  { timers, silenceMs }: { timers: Timers; silenceMs: number },
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await unlessSilent(timers, silenceMs, reader.read());
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

/** What comes of this, unless nothing has come of it for so long. */
export async function unlessSilent<Result>(
  timers: Timers,
  ms: number,
  work: Promise<Result>,
): Promise<Result> {
  const done = new AbortController();
  const silence = timers.sleep(ms, done.signal).then(() => {
    throw sdkError('NETWORK', 'The relay stopped answering. Try again.', {
      details: { reason: 'silent' },
    });
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    done.abort(NOT_WAITED_FOR);
  }
}

/** One for all: by itself, an abort makes an error with a stack, for every answer and every piece of a stream. */
const NOT_WAITED_FOR = new Error('the work that this silence was measured in is done');
