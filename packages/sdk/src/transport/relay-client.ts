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
          fetch: (input, init) => net.fetch(input as string, withTimeout(init as RequestInit | undefined)),
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

/**
 * Follows a stream until it ends, fails or is aborted. Events that the caller has not taken wait here; the relay sends
 * no more than its own bounded buffers hold while the connection is not read.
 */
export async function* follow(
  api: RelayApi,
  ticket: string,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const waiting: StreamEvent[] = [];
  let failure: QuicprochatError | undefined;
  let ended = false;
  let wake = (): void => undefined;

  const end = (error?: unknown) => {
    ended = true;
    if (error !== undefined) failure = asRelayError(error);
    wake();
  };
  const subscription = api.streams.events.subscribe(
    { ticket },
    {
      onData: (event) => {
        waiting.push(('data' in event ? event.data : event) as StreamEvent);
        wake();
      },
      // The link would reconnect by itself, with a ticket that is used up: the caller opens a new stream instead.
      onConnectionStateChange: (state) => {
        if (state.state === 'connecting' && state.error !== null) end(state.error);
      },
      onError: end,
      onComplete: () => {
        end();
      },
    },
  );
  const onAbort = () => {
    end();
  };
  signal.addEventListener('abort', onAbort, { once: true });

  try {
    for (;;) {
      for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) yield event;
      if (failure !== undefined) throw failure;
      if (ended || signal.aborted) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    subscription.unsubscribe();
  }
}

/** What a failed call means, as an error of the SDK's. */
export function asRelayError(error: unknown): QuicprochatError {
  if (error instanceof QuicprochatError) return error;
  const qpc =
    error instanceof TRPCClientError ? (error.data as Partial<RelayErrorData> | null)?.qpc : undefined;
  if (qpc !== undefined && isRelayErrorCode(qpc.code)) {
    const details = { ...qpc.details };
    return relayError(qpc.code, sentenceFor(qpc.code, details), { retryable: qpc.retryable, details });
  }
  if (error instanceof TRPCClientError && error.data !== undefined && error.data !== null) {
    return sdkError('RELAY_MISBEHAVED', 'The relay answered in a way that this version does not know.', {
      cause: error,
    });
  }
  return sdkError('NETWORK', 'The relay cannot be reached.', { cause: error });
}

function sentenceFor(code: RelayErrorData['qpc']['code'], details: RelayErrorData['qpc']['details']): string {
  switch (code) {
    case 'BAD_INPUT':
      return 'The relay refused the form of this request.';
    case 'PAYLOAD_TOO_LARGE':
      return 'That is larger than the relay takes.';
    case 'NO_SUCH_PROCEDURE':
      return 'The relay does not know this request: its version differs from this client’s.';
    case 'UNAUTHENTICATED':
      return 'The relay did not accept this device’s sign-in.';
    case 'REPLAYED':
      return 'The relay has seen this very request before.';
    case 'CLOCK_SKEW':
      return 'This device’s clock is too far from the relay’s: set the clock and try again.';
    case 'NOT_AUTHORIZED':
      return 'The relay does not take this group’s key from this device any more.';
    case 'NOT_FOUND':
      return details.handle === undefined
        ? 'Nobody has that handle.'
        : `Nobody has the handle “${details.handle}”.`;
    case 'HANDLE_TAKEN':
      return 'That handle is taken.';
    case 'GROUP_EXISTS':
      return 'A group with this id exists already.';
    case 'EPOCH_CONFLICT':
    case 'STALE_EPOCH':
      return 'Another member’s change came first.';
    case 'FUTURE_EPOCH':
      return 'The relay is behind this device’s state of the group.';
    case 'IDEMPOTENCY_CONFLICT':
      return 'The relay has another message under this id.';
    case 'KEY_PACKAGES_EXHAUSTED':
      return `${details.handle ?? 'A device'} cannot be added just now: it has no key packages left at the relay.`;
    case 'QUOTA_EXCEEDED':
      return 'The relay keeps no more for this device.';
    case 'CURSOR_INVALID':
      return 'The relay does not know that place in the log.';
    case 'RATE_LIMITED':
      return 'Too many requests: wait a moment.';
    case 'UNAVAILABLE':
      return 'The relay cannot store anything just now.';
    case 'INTERNAL':
      return 'The relay met a fault of its own.';
  }
}

function withTimeout(init: RequestInit | undefined): RequestInit {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const signal = init?.signal == null ? timeout : AbortSignal.any([init.signal, timeout]);
  return { ...init, signal };
}
