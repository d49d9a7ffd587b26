import type { RelayRouter } from '@quicprochat/relay';
import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client';
import { fetchWhole, type Network } from './bounded-fetch.ts';
import { OWN_PROTOCOL } from './protocol-version.ts';
import { requireJson } from './relay-errors.ts';

/** The relay's procedures, typed by the relay itself; not a line of its code comes along. */
export type RelayApi = TRPCClient<RelayRouter>;

/** The plain procedures of a relay, without sessions and proofs. Its streams are followed by `event-stream.ts`. */
export function connect(origin: string, network: Network, token: () => string | undefined): RelayApi {
  return createTRPCClient<RelayRouter>({
    links: [
      httpLink({
        url: `${origin}/trpc?${OWN_PROTOCOL}`,
        fetch: (input, init) =>
          fetchWhole(network, input as string, { init: init as RequestInit, check: requireJson }),
        // Inputs stand in the body and never in a URL, where servers and proxies would log them.
        methodOverride: 'POST',
        headers: () => {
          const current = token();
          return current === undefined ? {} : { authorization: `Bearer ${current}` };
        },
      }),
    ],
  });
}
