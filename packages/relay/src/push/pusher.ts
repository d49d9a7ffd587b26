import { request } from 'node:https';
import type { Observe } from '../observed.ts';
import type { RelayPlatform } from '../platform.ts';
import { dropSubscription, subscriptionsOf, type PushSubscription } from '../store/push-subscriptions.ts';
import type { Db } from '../store/schema.ts';
import { endpointOf } from './endpoint.ts';
import type { Vapid } from './vapid.ts';

/** Pushes on their way at a time, and those that wait for one of them to end. What comes on top is lost. */
const MOST_AT_ONCE = 16;
const MOST_WAITING = 10_000;
/** A push service that takes longer is given up. */
const TIMEOUT_MS = 10_000;
/** How long a push service keeps a push for a device that is away. */
const KEPT_S = 24 * 60 * 60;

export interface PushOptions {
  /** Hosts (with their port, where it is not 443) of push services that are sent to; `*.` stands for any names before. */
  hosts: readonly string[];
  /** Certificates to trust instead of those that Node does, as PEM. */
  ca?: string;
}

/**
 * Tells devices, through the push services of their browsers, that something came into their inboxes: nothing but that, as
 * a push has no content. It is a hint, so a push that fails is lost, and nobody waits for one.
 */
export class Pusher {
  readonly #db: Db;
  readonly #vapid: Vapid;
  readonly #options: PushOptions;
  readonly #parts: { platform: RelayPlatform; observe: Observe; closing: AbortSignal };
  readonly #waiting = new Map<string, PushSubscription>();
  #sending = 0;

  constructor(
    db: Db,
    vapid: Vapid,
    options: PushOptions,
    parts: { platform: RelayPlatform; observe: Observe; closing: AbortSignal },
  ) {
    this.#db = db;
    this.#vapid = vapid;
    this.#options = options;
    this.#parts = parts;
  }

  /** Returns at once. */
  push(deviceIds: readonly string[]): void {
    if (deviceIds.length > 0) void this.#enqueue(deviceIds).catch(() => undefined);
  }

  async #enqueue(deviceIds: readonly string[]): Promise<void> {
    for (const subscription of await subscriptionsOf(this.#db, deviceIds)) {
      if (this.#waiting.size >= MOST_WAITING) break;
      this.#waiting.set(subscription.deviceId, subscription);
    }
    while (this.#sending < MOST_AT_ONCE && this.#waiting.size > 0) {
      this.#sending += 1;
      void this.#sendWaiting().finally(() => (this.#sending -= 1));
    }
  }

  async #sendWaiting(): Promise<void> {
    for (const [deviceId, subscription] of this.#waiting) {
      if (this.#parts.closing.aborted) return;
      this.#waiting.delete(deviceId);
      const outcome = await this.#send(subscription).catch(() => 'failed' as const);
      this.#parts.observe({ type: 'pushed', outcome });
    }
  }

  async #send(subscription: PushSubscription): Promise<'taken' | 'gone' | 'failed'> {
    const endpoint = endpointOf(subscription.endpoint, this.#options.hosts);
    // The operator has taken its host out since.
    if (endpoint === undefined) return 'failed';
    const status = await this.#post(endpoint);
    if (status === 404 || status === 410) {
      await dropSubscription(this.#db, subscription);
      return 'gone';
    }
    return status >= 200 && status < 300 ? 'taken' : 'failed';
  }

  /** Gives the status. What else is answered is not read, and a redirection is not followed. */
  async #post(endpoint: URL): Promise<number> {
    const headers = {
      authorization: await this.#vapid.authorization(endpoint, this.#parts.platform.now()),
      ttl: KEPT_S,
      // One that waits at the service is as good as two.
      topic: 'inbox',
      'content-length': 0,
    };
    const signal = AbortSignal.any([this.#parts.closing, AbortSignal.timeout(TIMEOUT_MS)]);
    const { ca } = this.#options;
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', headers, signal, ...(ca !== undefined && { ca }) };
      const sent = request(endpoint, options, (response) => {
        response.on('error', () => undefined).destroy();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject).end();
    });
  }
}
