import { fromBase64Url } from '@quicprochat/protocol';
import type { FastifyRequest } from 'fastify';
import type { Limiters } from './rate-limit.ts';
import type { Db } from './store/sqlite.ts';
import type { Wake } from './wake/wake.ts';

/** What a relay consists of, besides the server. */
export interface Services {
  db: Db;
  wake: Wake;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Hosts that proofs may be made for; empty means the request's own Host header. */
  publicHosts: readonly string[];
  limiters: Limiters;
  /** Takes a fault that is not told to the caller, with the id that is. */
  report: (incident: string, error: unknown) => void;
}

/** What a procedure gets to know of its caller. */
export interface Context extends Services {
  /** The host that the caller means to talk to. */
  audience: string;
  /** The network address, for rate limits only. */
  address: string;
  /** The bearer token, if one came. */
  token: Uint8Array | undefined;
}

export function contextOf(services: Services, request: FastifyRequest): Context {
  const host = request.headers.host ?? '';
  const { publicHosts } = services;
  const audience = publicHosts.length === 0 || publicHosts.includes(host) ? host : (publicHosts[0] ?? host);
  return { ...services, audience, address: request.ip, token: bearerOf(request.headers.authorization) };
}

function bearerOf(header: string | undefined): Uint8Array | undefined {
  const [, text] = /^Bearer ([\w-]{43})$/.exec(header ?? '') ?? [];
  try {
    return text === undefined ? undefined : fromBase64Url(text);
  } catch {
    return undefined;
  }
}
