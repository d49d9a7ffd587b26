import { LIMITS } from '@quicprochat/protocol';
import type { BlobStore } from './blobs/blob-store.ts';
import type { Services } from './context.ts';
import type { HasRoom } from './limits/disk-room.ts';
import { createLimiters } from './limits/rate-limit.ts';
import type { Observe } from './observed.ts';
import { nodePlatform, type RelayPlatform } from './platform.ts';
import { Notary } from './proof/notary.ts';
import { Pusher, type PushOptions } from './push/pusher.ts';
import { Vapid } from './push/vapid.ts';
import type { Db } from './store/schema.ts';
import { FollowUps } from './streams/follow-ups.ts';
import { SharedPages } from './streams/shared-pages.ts';
import { Signals } from './streams/signals.ts';
import type { Wake } from './wake/wake.ts';

export interface ServicesOptions {
  db: Db;
  wake: Wake;
  /** Where the bytes of blobs are kept. Without it, the relay takes no blobs. */
  blobs?: BlobStore | undefined;
  /**
   * Hosts (with port, where it is not the default one) that proofs may be made for. Empty: the Host header of each
   * request, which is the caller's word and so right for development alone.
   */
  publicHosts?: readonly string[];
  /** Multiplies every rate limit. */
  rateFactor?: number;
  /** Whether the store may grow. Default: it may, until it is full. */
  hasRoom?: HasRoom | undefined;
  /** Takes a fault that callers are told nothing about but its id. */
  report?: (incident: string, error: unknown) => void;
  /** Takes what happens, for metrics. The store has an `observe` of its own. */
  observe?: Observe;
  /** Where pushes are sent to. Default: nowhere. */
  push?: PushOptions;
  /** Time and chance. Default: {@link nodePlatform}. A store on SQLite has a `platform` of its own. */
  platform?: RelayPlatform;
  /** How long one stream lasts at most. Default: as long as a session. */
  streamLifetimeMs?: number;
  /** How long a stream waits for something to follow when it has nothing left. Default: as long as a ticket. */
  idleStreamMs?: number;
}

export interface RunningServices {
  services: Services;
  /** Aborts `closing`: streams end. */
  end: () => void;
  /** Ends streams, and closes wake-ups and the store. Calls that still run then may fail. */
  close: () => Promise<void>;
}

/**
 * What the procedures work with, without a server: whoever is in the same process calls them with a context of
 * `contextFor`.
 */
export function createServices(options: ServicesOptions): RunningServices {
  const { db, wake, platform = nodePlatform, observe = () => undefined } = options;
  const { publicHosts = [], push = { hosts: [] } } = options;
  const closing = new AbortController();
  const notary = new Notary(db, platform);
  const vapid = new Vapid(db, platform, `https://${publicHosts[0] ?? 'localhost'}`);
  const services: Services = {
    db,
    wake,
    blobs: options.blobs,
    notary,
    pages: new SharedPages(db, wake, notary),
    signals: new Signals(wake),
    followUps: new FollowUps(db, wake),
    vapid,
    pusher: new Pusher(db, vapid, push, { platform, observe, closing: closing.signal }),
    pushHosts: push.hosts,
    platform,
    publicHosts,
    limiters: createLimiters(platform, options.rateFactor),
    hasRoom: options.hasRoom ?? (async () => true),
    report: options.report ?? (() => undefined),
    observe,
    closing: closing.signal,
    streamLifetimeMs: options.streamLifetimeMs ?? LIMITS.sessionLifetimeMs,
    idleStreamMs: options.idleStreamMs ?? LIMITS.ticketLifetimeMs,
  };
  const end = () => closing.abort();
  return {
    services,
    end,
    close: async () => {
      end();
      // Before the store, over which it may say goodbye.
      await wake.close();
      await db.destroy();
    },
  };
}
