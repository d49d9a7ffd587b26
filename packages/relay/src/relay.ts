import { expireBlobs } from './blobs/expire-blobs.ts';
import type { Services } from './context.ts';
import { drainable } from './http/drain.ts';
import { createServer } from './http/server.ts';
import type { Bounds } from './limits/entrance.ts';
import { createServices, type ServicesOptions } from './services.ts';
import { expire } from './store/retention.ts';

/** How often what is over is deleted. */
const EXPIRE_EVERY_MS = 60_000;

export interface RelayOptions extends ServicesOptions {
  /** Web origins whose pages may call; `*` for any. */
  origins: readonly string[];
  /** Addresses and networks of the proxies whose X-Forwarded-For is believed. Default: none. */
  trustedProxies?: readonly string[];
  /** How much is taken on at once. */
  bounds?: Bounds;
  /** How often what is over is deleted. Default: every minute. */
  expireEveryMs?: number;
  /** The number of the protocol that it speaks. Default: PROTOCOL_VERSION. Tests give others. */
  protocolVersion?: number;
}

export interface Relay {
  /** Starts to serve, and gives its address. Rejects where the port is taken. */
  listen(address: { host: string; port: number }): Promise<string>;
  /** Refuses new calls, ends streams, lets running calls finish, and closes wake-ups and the store. */
  close(): Promise<void>;
}

/** A relay over a store: it orders, keeps and forwards what it cannot read. */
export function createRelay(options: RelayOptions): Relay {
  const { services, end, close } = createServices(options);
  const server = createServer(services, options);
  const drain = drainable(server);
  // One pass after the other: where the store of blobs is slow, a pass can take longer than the time between two.
  let passing: Promise<void> | undefined;
  const stopExpiring = services.platform.every(options.expireEveryMs ?? EXPIRE_EVERY_MS, () => {
    passing ??= expirePass(services).finally(() => (passing = undefined));
  });

  return {
    listen: (address) => server.listen(address),
    close: async () => {
      stopExpiring();
      end();
      await drain();
      await passing;
      await close();
    },
  };
}

/**
 * Deletes what is over, and tells the operator how much that was, or why not. Each turn deletes so many of a kind, and the
 * next follows at once: else more could run out in a minute than is deleted in one, for ever.
 */
async function expirePass(services: Services): Promise<void> {
  const { closing, observe, platform, report } = services;
  try {
    for (let isMore = true; isMore && !closing.aborted;) {
      const expired = await expireSome(services);
      observe({ type: 'expired', ...expired });
      isMore = Object.values(expired).some((count) => count > 0);
    }
  } catch (error) {
    report(platform.uuid(), error);
  }
}

async function expireSome({ db, blobs, platform, closing }: Services) {
  const expired = await expire(db, platform.now());
  // Apart: that bytes cannot be deleted is no reason to keep the rest.
  const gone = blobs === undefined ? 0 : await expireBlobs(db, blobs, platform.now(), closing);
  return { ...expired, blobs: gone };
}
