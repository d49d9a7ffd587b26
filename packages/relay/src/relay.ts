import { randomUUID } from 'node:crypto';
import { LIMITS } from '@quicprochat/protocol';
import type { BlobStore } from './blobs/blob-store.ts';
import { expireBlobs } from './blobs/expire-blobs.ts';
import type { Services } from './context.ts';
import { drainable } from './http/drain.ts';
import { createServer } from './http/server.ts';
import type { Bounds } from './limits/entrance.ts';
import { createLimiters } from './limits/rate-limit.ts';
import type { Observe } from './observed.ts';
import { Notary } from './proof/notary.ts';
import { Pusher, type PushOptions } from './push/pusher.ts';
import { Vapid } from './push/vapid.ts';
import { expire } from './store/retention.ts';
import type { Db } from './store/schema.ts';
import { FollowUps } from './streams/follow-ups.ts';
import { SharedPages } from './streams/shared-pages.ts';
import { Signals } from './streams/signals.ts';
import type { Wake } from './wake/wake.ts';

/** How often what is over is deleted. */
const EXPIRE_EVERY_MS = 60_000;

export interface RelayOptions {
  db: Db;
  wake: Wake;
  /** Where the bytes of blobs are kept. Without it, the relay takes no blobs. */
  blobs?: BlobStore | undefined;
  /** Web origins whose pages may call; `*` for any. */
  origins: readonly string[];
  /**
   * Hosts (with port, where it is not the default one) that proofs may be made for. Empty: the Host header of each
   * request, which is the caller's word and so right for development alone.
   */
  publicHosts?: readonly string[];
  /** Addresses and networks of the proxies whose X-Forwarded-For is believed. Default: none. */
  trustedProxies?: readonly string[];
  /** Multiplies every rate limit. */
  rateFactor?: number;
  /** Takes a fault that callers are told nothing about but its id. */
  report?: (incident: string, error: unknown) => void;
  /** Takes what happens, for metrics. The store has an `observe` of its own. */
  observe?: Observe;
  /** How much is taken on at once. */
  bounds?: Bounds;
  /** Where pushes are sent to. Default: nowhere. */
  push?: PushOptions;
  now?: () => number;
  /** How often what is over is deleted. Default: every minute. */
  expireEveryMs?: number;
  /** How long one stream lasts at most. Default: as long as a session. */
  streamLifetimeMs?: number;
  /** How long a stream waits for something to follow when it has nothing left. Default: as long as a ticket. */
  idleStreamMs?: number;
}

export interface Relay {
  /** Starts to serve, and gives its address. Rejects where the port is taken. */
  listen(address: { host: string; port: number }): Promise<string>;
  /** Refuses new calls, ends streams, lets running calls finish, and closes wake-ups and the store. */
  close(): Promise<void>;
}

/** A relay over a store: it orders, keeps and forwards what it cannot read. */
export function createRelay(options: RelayOptions): Relay {
  const closing = new AbortController();
  const notary = new Notary(options.db);
  const { now = Date.now, observe = () => undefined, publicHosts = [], push = { hosts: [] } } = options;
  const vapid = new Vapid(options.db, `https://${publicHosts[0] ?? 'localhost'}`);
  const services: Services = {
    db: options.db,
    wake: options.wake,
    blobs: options.blobs,
    notary,
    pages: new SharedPages(options.db, options.wake, notary),
    signals: new Signals(options.wake),
    followUps: new FollowUps(options.db, options.wake),
    vapid,
    pusher: new Pusher(options.db, vapid, push, { now, observe, closing: closing.signal }),
    pushHosts: push.hosts,
    now,
    publicHosts,
    limiters: createLimiters(options.rateFactor),
    report: options.report ?? (() => undefined),
    observe,
    closing: closing.signal,
    streamLifetimeMs: options.streamLifetimeMs ?? LIMITS.sessionLifetimeMs,
    idleStreamMs: options.idleStreamMs ?? LIMITS.ticketLifetimeMs,
  };
  const server = createServer(services, options);
  const drain = drainable(server);
  // One pass after the other: where the store of blobs is slow, a pass can take longer than the time between two.
  let passing: Promise<void> | undefined;
  const expiring = setInterval(() => {
    passing ??= expirePass(services).finally(() => (passing = undefined));
  }, options.expireEveryMs ?? EXPIRE_EVERY_MS);
  expiring.unref();

  return {
    listen: (address) => server.listen(address),
    close: async () => {
      clearInterval(expiring);
      closing.abort();
      await drain();
      await passing;
      // Before the store, over which it may say goodbye.
      await options.wake.close();
      await options.db.destroy();
    },
  };
}

/**
 * Deletes what is over, and tells the operator how much that was, or why not. Each turn deletes so many of a kind, and the
 * next follows at once: else more could run out in a minute than is deleted in one, for ever.
 */
async function expirePass(services: Services): Promise<void> {
  const { closing, observe, report } = services;
  try {
    for (let isMore = true; isMore && !closing.aborted;) {
      const expired = await expireSome(services);
      observe({ type: 'expired', ...expired });
      isMore = Object.values(expired).some((count) => count > 0);
    }
  } catch (error) {
    report(randomUUID(), error);
  }
}

async function expireSome({ db, blobs, now, closing }: Services) {
  const expired = await expire(db, now());
  // Apart: that bytes cannot be deleted is no reason to keep the rest.
  const gone = blobs === undefined ? 0 : await expireBlobs(db, blobs, now(), closing);
  return { ...expired, blobs: gone };
}
