import type { RelayErrorCode, RelayErrorData, RelayErrorDetails } from '@quicprochat/protocol';
import { createTRPCClient, httpLink, TRPCClientError, type TRPCClient } from '@trpc/client';
import type { RelayRouter } from '../../src/index.ts';

export type Api = TRPCClient<RelayRouter>;

/** The relay's procedures as a client sees them. */
export function apiOf(url: string, token?: string): Api {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return createTRPCClient<RelayRouter>({ links: [httpLink({ url: `${url}/trpc`, headers })] });
}

/** The refusal that a call ended with; fails where it succeeded or ended in anything else. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ code: RelayErrorCode; details: RelayErrorDetails }> {
  const outcome: unknown = await call.then(
    (result) => new Error(`not refused: ${JSON.stringify(result)}`),
    (error: unknown) => error,
  );
  const qpc =
    outcome instanceof TRPCClientError ? (outcome.data as RelayErrorData | undefined)?.qpc : undefined;
  if (qpc === undefined) throw outcome;
  return qpc;
}

/** Only the code of the refusal. */
export async function codeOf(call: Promise<unknown>): Promise<RelayErrorCode> {
  return (await refusalOf(call)).code;
}
