import { streamsWithFollowUps } from '../store/follow-ups.ts';
import type { Db } from '../store/schema.ts';
import { Listeners } from '../wake/listeners.ts';
import type { Wake } from '../wake/wake.ts';
import { FOLLOW_UPS_TOPIC, streamTopic } from './topics.ts';

/**
 * Wakes the streams of this process for which something waits to be followed, too. Where wake-ups were lost, it looks into
 * the store once for all of them: were each stream to look for itself, as they do for their logs, a relay with many would
 * do little else.
 */
export class FollowUps implements Pick<Wake, 'listen'> {
  readonly #db: Db;
  readonly #wake: Wake;
  readonly #streams = new Listeners();
  #stopLooking: (() => void) | undefined;

  constructor(db: Db, wake: Wake) {
    this.#db = db;
    this.#wake = wake;
  }

  listen(topic: string, listener: () => void): () => void {
    this.#stopLooking ??= this.#wake.listen(FOLLOW_UPS_TOPIC, () => void this.#look());
    const stops = [
      this.#streams.add(topic, listener),
      this.#wake.listen(topic, listener, { withoutReason: false }),
    ];
    return () => {
      for (const stop of stops) stop();
      if (!this.#streams.isEmpty) return;
      this.#stopLooking?.();
      this.#stopLooking = undefined;
    };
  }

  /** Where the store is away, it is looked at again at the next time. */
  async #look(): Promise<void> {
    const waiting = await streamsWithFollowUps(this.#db).catch(() => []);
    for (const streamHash of waiting) this.#streams.wake(streamTopic(streamHash));
  }
}
