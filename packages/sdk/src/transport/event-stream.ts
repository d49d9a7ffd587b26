import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { z } from 'zod';
import { sdkError } from '../model/errors.ts';
import { GROUP_EVENTS, groupEvent, requireForm, type RelayEvent } from './answers.ts';
import { answerBegun, chunksOf, readWhole, tooLong, type Network } from './bounded-fetch.ts';
import { MOST_EVENT_CHARS, mostAnswerBytes, outTime, STREAM_SILENCE_MS } from './bounds.ts';
import { OWN_PROTOCOL } from './protocol-version.ts';
import { asRelayError, errorIn, noRelay, unknownAnswer } from './relay-errors.ts';

const PROCEDURE = 'streams.events';

const eventSchema = z.looseObject({ type: z.string() });

/**
 * Redeems a ticket and follows the stream until it ends, fails or is aborted; an abort ends it without an error.
 *
 * By fetch in browsers too: an EventSource can be given no bounds. Here an event has a longest length, and nothing is read
 * ahead of the caller: what it does not take stays with the relay, which ends the stream of a reader that is too slow, and
 * the caller opens another one from its own cursor.
 */
export async function* follow(
  network: Network,
  origin: string,
  { ticket, signal }: { ticket: string; signal: AbortSignal },
): AsyncGenerator<RelayEvent> {
  const leaving = new AbortController();
  const either = AbortSignal.any([signal, leaving.signal]);
  try {
    const response = await open(network, `${origin}/trpc/${PROCEDURE}`, { ticket, signal: either });
    yield* eventsOf(response, network);
  } catch (error) {
    if (!signal.aborted) throw asRelayError(error);
  } finally {
    leaving.abort();
  }
}

async function open(
  network: Network,
  url: string,
  { ticket, signal }: { ticket: string; signal: AbortSignal },
): Promise<Response> {
  const input = encodeURIComponent(JSON.stringify({ ticket }));
  const headers = { accept: 'text/event-stream' };
  const begun = network.net.fetch(`${url}?${OWN_PROTOCOL}&input=${input}`, {
    headers,
    cache: 'no-store',
    signal,
  });
  const response = await answerBegun(network, outTime(0, network.link.outgoing), begun);
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && type.startsWith('text/event-stream')) return response;
  if (!type.startsWith('application/json')) throw noRelay(response);
  const body = await readWhole(response, { network, mostBytes: mostAnswerBytes(PROCEDURE) });
  throw errorIn(parse(new TextDecoder().decode(body)), response);
}

/**
 * The events of tRPC's streams: besides those of the procedure, `return` at the end, and an error. A large one arrives in
 * pieces, each of which is a sign of life.
 */
async function* eventsOf(response: Response, network: Network): AsyncGenerator<RelayEvent> {
  const arrived: EventSourceMessage[] = [];
  const parsing = { isTooLong: false };
  const parser = createParser({
    maxBufferSize: MOST_EVENT_CHARS,
    onEvent: (event) => arrived.push(event),
    onError: ({ type }) => (parsing.isTooLong ||= type === 'max-buffer-size-exceeded'),
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(response, { network, silenceMs: STREAM_SILENCE_MS })) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (arrived.length === 0) yield { type: 'ping' };
    for (const { event, data } of arrived.splice(0)) {
      if (event === 'return') return;
      if (event === 'serialized-error') throw errorIn({ error: parse(data) });
      if (event === 'ping') yield { type: 'ping' };
      if (event === undefined || event === 'message') yield eventIn(data);
    }
    if (parsing.isTooLong) throw tooLong();
  }
  throw sdkError('NETWORK', 'The connection to the relay was lost. Try again.', {
    details: { reason: 'broke-off' },
  });
}

function eventIn(data: string): RelayEvent {
  const event = eventSchema.safeParse(parse(data));
  if (!event.success) throw unknownAnswer();
  const { data: shown } = event;
  return (GROUP_EVENTS.has(shown.type) ? requireForm(groupEvent, shown) : shown) as RelayEvent;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
