import type { Base64Url, StreamEvent } from '@quicprochat/protocol';
import { Listeners } from '../wake/listeners.ts';
import type { Wake } from '../wake/wake.ts';
import { signalTopic } from './topics.ts';

export type SignalEvent = Extract<StreamEvent, { type: 'signal' }>;

/** An epoch of one of a group's logs: what is said in it is for who follows under its key. */
export interface EpochOfLog {
  groupId: string;
  logId: string;
  epoch: number;
}

/** Brings signals to the streams of this process: one object for all of them, which is made into bytes once. */
export class Signals {
  readonly #wake: Wake;
  readonly #listeners = new Listeners<[SignalEvent]>();
  readonly #stops = new Map<string, () => void>();

  constructor(wake: Wake) {
    this.#wake = wake;
  }

  send({ logId, epoch }: EpochOfLog, payload: Base64Url): void {
    this.#wake.signal(signalTopic(logId, epoch), payload);
  }

  /** Returns how to stop listening. */
  listen({ groupId, logId, epoch }: EpochOfLog, listener: (event: SignalEvent) => void): () => void {
    const topic = signalTopic(logId, epoch);
    if (!this.#listeners.has(topic)) {
      const hear = (payload: Base64Url) =>
        this.#listeners.wake(topic, { type: 'signal', groupId, epoch, payload });
      this.#stops.set(topic, this.#wake.onSignal(topic, hear));
    }
    const stop = this.#listeners.add(topic, listener);
    return () => {
      stop();
      if (this.#listeners.has(topic)) return;
      this.#stops.get(topic)?.();
      this.#stops.delete(topic);
    };
  }
}
