import { fromBase64Url } from '@quicprochat/protocol';
import type { BlobStore } from './blobs/blob-store.ts';
import type { HasRoom } from './limits/disk-room.ts';
import type { Limiters } from './limits/rate-limit.ts';
import type { Observe } from './observed.ts';
import type { RelayPlatform } from './platform.ts';
import type { Notary } from './proof/notary.ts';
import type { Pusher } from './push/pusher.ts';
import type { Vapid } from './push/vapid.ts';
import type { Db } from './store/schema.ts';
import type { FollowUps } from './streams/follow-ups.ts';
import type { SharedPages } from './streams/shared-pages.ts';
import type { Signals } from './streams/signals.ts';
import type { Wake } from './wake/wake.ts';

/** What a relay consists of, besides the server. */
export interface Services {
  db: Db;
  wake: Wake;
  /** Where the bytes of blobs are kept; a relay without it keeps none. */
  blobs: BlobStore | undefined;
  notary: Notary;
  pages: SharedPages;
  signals: Signals;
  followUps: FollowUps;
  vapid: Vapid;
  pusher: Pusher;
  /** Of push services that are sent to. */
  pushHosts: readonly string[];
  platform: RelayPlatform;
  /** Hosts that proofs may be made for; empty means the request's own Host header. */
  publicHosts: readonly string[];
  limiters: Limiters;
  /** Whether the store may grow. */
  hasRoom: HasRoom;
  /** Takes a fault that is not told to the caller, with the id that is. */
  report: (incident: string, error: unknown) => void;
  observe: Observe;
  /** Aborted when the relay shuts down. */
  closing: AbortSignal;
  streamLifetimeMs: number;
  idleStreamMs: number;
}

/** What a procedure gets to know of its caller. */
export interface Context extends Services {
  /** The host that the caller means to talk to. */
  audience: string;
  /** The network address, for rate limits only. */
  address: string;
  /** The bearer token, if one came. */
  token: Uint8Array | undefined;
  /** Whether the caller says who it is, be it true or not. */
  isIdentified: boolean;
}

/** What is told of a caller, by its request or by whoever calls in the same process. */
export interface Caller {
  /** The host that it means to talk to, with the port where that is not the default one. */
  host: string;
  /** Its network address. */
  address: string;
  /** The Authorization header, if it sends one. */
  authorization?: string | undefined;
}

/** What procedures are called with, over HTTP or not. */
export function contextFor(services: Services, { host, address, authorization }: Caller): Context {
  return {
    ...services,
    audience: audienceOf(host, services.publicHosts),
    address,
    token: bearerOf(authorization),
    isIdentified: authorization !== undefined,
  };
}

/**
 * The Host header is the caller's word. A relay that knows its names takes no other: else a hostile relay could pass on
 * a proof that was made for itself. One behind a proxy that rewrites the header answers to the first of its names.
 */
function audienceOf(host: string, publicHosts: readonly string[]): string {
  const [first] = publicHosts;
  return first === undefined || publicHosts.includes(host) ? host : first;
}

function bearerOf(header: string | undefined): Uint8Array | undefined {
  const [, text] = /^Bearer ([\w-]{43})$/.exec(header ?? '') ?? [];
  try {
    return text === undefined ? undefined : fromBase64Url(text);
  } catch {
    return undefined;
  }
}
