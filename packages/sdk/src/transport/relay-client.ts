import { type RelayErrorData, isRelayErrorCode, type StreamEvent } from '@quicprochat/protocol';
import type { RelayRouter } from '@quicprochat/relay';
import {
  createTRPCClient,
  httpLink,
  httpSubscriptionLink,
  splitLink,
  TRPCClientError,
  type TRPCClient,
} from '@trpc/client';
import { QuicprochatError, relayError, sdkError } from '../errors.ts';
import type { Net } from '../platform/platform.ts';

/** The relay's procedures, typed by the relay itself; not a line of its code comes along. */
export type RelayApi = TRPCClient<RelayRouter>;

/** Calls that take longer are given up and told as NETWORK. Streams have no such bound. */
const CALL_TIMEOUT_MS = 30_000;

/** By which a proxy says that the relay behind it is away: bad gateway, unavailable, gateway timeout (RFC 9110 §15.6). */
const GATEWAY_STATUSES = [502, 503, 504];

/** The plain procedures of a relay, without sessions and proofs. */
export function connect(origin: string, net: Net, token: () => string | undefined): RelayApi {
  const url = `${origin}/trpc`;
  return createTRPCClient<RelayRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === 'subscription',
        true: httpSubscriptionLink({ url, EventSource: net.EventSource }),
        false: httpLink({
          url,
          fetch: async (input, init) =>
            requireJson(await net.fetch(input as string, withTimeout(init as RequestInit | undefined))),
          // Inputs stand in the body and never in a URL, where servers and proxies would log them.
          methodOverride: 'POST',
          headers: () => {
            const current = token();
            return current === undefined ? {} : { authorization: `Bearer ${current}` };
          },
        }),
      }),
    ],
  });
}

/** Follows a stream until it ends, fails or is aborted. */
export async function* follow(
  api: RelayApi,
  ticket: string,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const feed = new Feed();
  const subscription = api.streams.events.subscribe(
    { ticket },
    {
      onData: (event) => {
        feed.push(event);
      },
      // The link would reconnect by itself, with a ticket that is used up: the caller opens a new stream instead.
      onConnectionStateChange: (state) => {
        if (state.state === 'connecting' && state.error !== null) feed.end(state.error);
      },
      onError: (error) => {
        feed.end(error);
      },
      onComplete: () => {
        feed.end();
      },
    },
  );
  const onAbort = () => {
    feed.end();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) feed.end();

  try {
    for (let event = await feed.next(); event !== undefined; event = await feed.next()) yield event;
  } finally {
    signal.removeEventListener('abort', onAbort);
    subscription.unsubscribe();
  }
}

/** Turns the link's callbacks into something that can be awaited. What has come and is not taken yet waits here. */
class Feed {
  readonly #waiting: StreamEvent[] = [];
  #ended = false;
  #failure: QuicprochatError | undefined;
  #wake: () => void = () => undefined;

  push(event: StreamEvent): void {
    this.#waiting.push(event);
    this.#wake();
  }

  end(error?: unknown): void {
    this.#ended = true;
    if (error !== undefined) this.#failure ??= asRelayError(error);
    this.#wake();
  }

  /** The next event; undefined after the last. Throws why the stream broke, after what came before that. */
  async next(): Promise<StreamEvent | undefined> {
    while (this.#waiting.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#waiting.length === 0 && this.#failure !== undefined) throw this.#failure;
    return this.#waiting.shift();
  }
}

/** What a failed call means, as an error of the SDK's. */
export function asRelayError(error: unknown): QuicprochatError {
  if (error instanceof QuicprochatError) return error;
  if (error instanceof TRPCClientError && error.cause instanceof QuicprochatError) return error.cause;
  const qpc =
    error instanceof TRPCClientError ? (error.data as Partial<RelayErrorData> | null)?.qpc : undefined;
  if (qpc !== undefined && isRelayErrorCode(qpc.code)) {
    const details = { ...qpc.details };
    return relayError(qpc.code, sentenceFor(qpc.code, details), { retryable: qpc.retryable, details });
  }
  if (error instanceof TRPCClientError && error.data !== undefined && error.data !== null) {
    return sdkError(
      'RELAY_MISBEHAVED',
      'This client does not understand the relay’s answer. Check the versions of both.',
      {
        cause: error,
      },
    );
  }
  const response = error instanceof TRPCClientError ? error.meta?.['response'] : undefined;
  if (response instanceof Response && !GATEWAY_STATUSES.includes(response.status)) return noRelay(error);
  return sdkError('NETWORK', 'The relay cannot be reached. Check your connection and try again.', {
    cause: error,
  });
}

/** A page is not what a relay answers, whatever its status. */
function requireJson(response: Response): Response {
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (isJson || GATEWAY_STATUSES.includes(response.status)) return response;
  void response.body?.cancel();
  throw noRelay();
}

/**
 * The address is wrong; or the network has put its own page in the relay's place, as those of hotels and trains do. So
 * it is NETWORK: what waits to be sent must outlive such a page.
 */
function noRelay(cause?: unknown): QuicprochatError {
  return sdkError(
    'NETWORK',
    'The server at the relay’s address is not a relay. Check the address and your connection.',
    {
      cause,
    },
  );
}

function sentenceFor(code: RelayErrorData['qpc']['code'], details: RelayErrorData['qpc']['details']): string {
  switch (code) {
    case 'BAD_INPUT':
      return 'The relay rejected this request as malformed. Check the versions of the relay and this client.';
    case 'PAYLOAD_TOO_LARGE':
      return 'This is larger than the relay accepts. Send less.';
    case 'NO_SUCH_PROCEDURE':
      return 'The relay does not know this request. Check the versions of the relay and this client.';
    case 'UNAUTHENTICATED':
      return 'The relay rejected this device’s sign-in. Try again.';
    case 'REPLAYED':
      return 'The relay has already received this request. Try again.';
    case 'CLOCK_SKEW':
      return 'This device’s clock is too far from the relay’s. Set the clock, then try again.';
    case 'NOT_AUTHORIZED':
      return 'The relay no longer accepts this device’s key for this conversation.';
    case 'NOT_FOUND':
      return details.handle === undefined
        ? 'Nobody has this handle. Check its spelling.'
        : `Nobody has the handle “${details.handle}”. Check its spelling.`;
    case 'HANDLE_TAKEN':
      return 'This handle is taken. Choose another one.';
    case 'GROUP_EXISTS':
      return 'A group with this id already exists.';
    case 'EPOCH_CONFLICT':
    case 'STALE_EPOCH':
      return 'The relay accepted another member’s change first. Try again.';
    case 'FUTURE_EPOCH':
      return 'The relay lacks the latest changes of this conversation. It may have been restored from an old backup. Ask whoever runs it.';
    case 'IDEMPOTENCY_CONFLICT':
      return 'The relay already has different content under this id. Use a new id.';
    case 'OFFSET_CONFLICT':
      return 'The relay has stored more or less of this attachment than expected. Continue from its offset.';
    case 'KEY_PACKAGES_EXHAUSTED':
      return `${details.handle ?? 'This person'} cannot be added now: the relay has none of their key packages left. Try again later.`;
    case 'QUOTA_EXCEEDED':
      return 'The relay’s limit for this device or this conversation is reached. Send less, or try again later.';
    case 'CURSOR_INVALID':
      return 'The relay has less than this device has already read. It may have been restored from an old backup. Ask whoever runs it.';
    case 'RATE_LIMITED':
      return 'The relay received too many requests. Wait a moment, then try again.';
    case 'UNAVAILABLE':
      return 'The relay cannot store anything now. Try again later.';
    case 'INTERNAL':
      return 'The relay failed because of an internal error. Try again; if it happens again, tell whoever runs it.';
  }
}

function withTimeout(init: RequestInit | undefined): RequestInit {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const signal = init?.signal == null ? timeout : AbortSignal.any([init.signal, timeout]);
  return { ...init, signal };
}
