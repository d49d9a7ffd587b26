import { createHash, randomBytes } from 'node:crypto';
import type { Base64Url } from '@quicprochat/protocol';
import { MAX_TEXT_BYTES, type Bus, type OpenBus } from './bus.ts';
import { Listeners } from './listeners.ts';
import { OutgoingSignals } from './outgoing-signals.ts';
import { Peers } from './peers.ts';
import type { Wake } from './wake.ts';

/** Wake-ups of so many milliseconds travel together. */
const GATHER_MS = 2;
/** How often each relay says that it is there. On all buses, it does so every fourth time. */
const BEAT_MS = 500;
const ASIDE_BEATS = 4;
/** Listeners are woken by slices, one a tick, so that they do not all go to the store at the same moment. */
const SLICES = 16;
const TICK_MS = 125;
/** With the bus in order, one slice in so many ticks: a net below the net. */
const QUIET_TICKS = 16;

/** A topic's hash: whoever listens on the bus sees no group and no device. Hex: its first digit is its slice. [RLY-75] */
const DIGEST = /^[0-9a-f]{16}$/;
/** A signal, with its topic's hash: longer, as it is no hint, and must not come to another topic's listeners. */
const SIGNAL = /^([0-9a-f]{32})=([\w-]+)$/;

/**
 * Wakes streams of all relays. What is to be heard travels on the first bus. Each relay knows whether that works, as it
 * hears itself and the others there. While it does not, it speaks on the other bus as well, and it wakes its streams
 * without a reason, all of them every two seconds: they look into the store, and nothing comes later than that and the
 * time in which the silence is noticed. [RLY-74]
 *
 * A text is the sender's id, and then digests of topics, or signals, or `all`, or `bye`, or nothing, just to be heard.
 * Signals travel on the first bus alone, so that none comes twice, and are not made up for. [RLY-66]
 *
 * @param openBuses the first, and one to fall back on
 * @param onHearing told when the first bus stops to bring what relays say, and when it does again
 */
export function sharedWake(
  openBuses: readonly [OpenBus, (OpenBus | undefined)?],
  onHearing: (isHearing: boolean) => void = () => undefined,
): Wake {
  return new SharedWake(openBuses, onHearing);
}

class SharedWake implements Wake {
  readonly #me = randomBytes(8).toString('hex');
  readonly #peers = new Peers(this.#me);
  readonly #listeners = new Listeners();
  /** Those who are not woken without a reason. */
  readonly #others = new Listeners();
  readonly #signals = new Listeners<[Base64Url]>();
  readonly #outgoingSignals = new OutgoingSignals(async (words) => {
    await this.#buses[0]?.publish(`${this.#me} ${words}`);
  });
  readonly #buses: readonly Bus[];
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #onHearing: (isHearing: boolean) => void;
  readonly #outgoing = new Set<string>();
  #flushing: Promise<void> | undefined;
  #isHearing = true;
  /** Something that we had to say was lost: the others have to look into the store. */
  #isLost = false;
  #isBeating = false;
  #beats = 0;
  /** Slices to wake because something that was said may not have reached us. */
  #owed = 0;
  #ticks = 0;
  #slice = 0;

  constructor(
    openBuses: readonly [OpenBus, (OpenBus | undefined)?],
    onHearing: (isHearing: boolean) => void,
  ) {
    this.#onHearing = onHearing;
    this.#buses = openBuses
      .filter((open) => open !== undefined)
      .map((open, i) =>
        open({ onText: (text) => this.#hear(text, i === 0), onConnected: () => this.#makeUp() }),
      );
    this.#timers = [setInterval(() => this.#beat(), BEAT_MS), setInterval(() => this.#tick(), TICK_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  notify(topic: string): void {
    const digest = digestOf(topic);
    this.#wake(digest);
    this.#outgoing.add(digest);
    this.#flushing ??= this.#flush();
  }

  listen(topic: string, listener: () => void, { withoutReason = true } = {}): () => void {
    return (withoutReason ? this.#listeners : this.#others).add(digestOf(topic), listener);
  }

  signal(topic: string, payload: Base64Url): void {
    const digest = signalDigestOf(topic);
    this.#signals.wake(digest, payload);
    this.#outgoingSignals.add(`${digest}=${payload}`);
  }

  onSignal(topic: string, listener: (payload: Base64Url) => void): () => void {
    return this.#signals.add(signalDigestOf(topic), listener);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#flushing;
    await this.#say('bye', true);
    await Promise.all(this.#buses.map((bus) => bus.close()));
  }

  #hear(text: string, isOnFirst: boolean): void {
    const [from = '', ...words] = text.split(' ');
    if (!DIGEST.test(from)) return;
    this.#peers.hear(from, isOnFirst);
    if (from === this.#me) return;
    for (const word of words) {
      if (word === 'bye') this.#peers.leave(from);
      else if (word === 'all') this.#owed = SLICES;
      else if (DIGEST.test(word)) this.#wake(word);
      else this.#hearSignal(word);
    }
  }

  #wake(digest: string): void {
    this.#listeners.wake(digest);
    this.#others.wake(digest);
  }

  #hearSignal(word: string): void {
    const [, digest, payload] = SIGNAL.exec(word) ?? [];
    if (digest !== undefined && payload !== undefined) this.#signals.wake(digest, payload);
  }

  /** After a bus was away: what was said on it meanwhile is lost, in both directions. */
  #makeUp(): void {
    this.#owed = SLICES;
    this.#isLost = true;
    this.#beat();
  }

  /** Says what has gathered, and what gathers while it does. */
  async #flush(): Promise<void> {
    const most = Math.floor(MAX_TEXT_BYTES / 17) - 1;
    while (this.#outgoing.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const digests = [...this.#outgoing];
      this.#outgoing.clear();
      for (let i = 0; i < digests.length; i += most)
        await this.#say(digests.slice(i, i + most).join(' '), false);
    }
    this.#flushing = undefined;
  }

  /** On the first bus, and on the other where it is asked for, or the first one fails. */
  async #say(words: string, isForAll: boolean): Promise<void> {
    const text = `${this.#me} ${words}`.trimEnd();
    const [first, other] = this.#buses;
    const said = await isDone(first?.publish(text));
    if (said && this.#isHearing && !isForAll) return;
    const saidAside = other !== undefined && (await isDone(other.publish(text)));
    if (!said && !saidAside) this.#isLost = true;
  }

  #beat(): void {
    // One at a time: while the bus does not take them, they would queue up.
    if (this.#isBeating) return;
    this.#isBeating = true;
    this.#beats += 1;
    const words = this.#isLost ? 'all' : '';
    this.#isLost = false;
    void this.#say(words, this.#beats % ASIDE_BEATS === 0).finally(() => (this.#isBeating = false));
  }

  #tick(): void {
    const isHearing = this.#peers.areHeard();
    if (isHearing !== this.#isHearing) {
      this.#isHearing = isHearing;
      // What we said before we noticed may have reached nobody.
      this.#isLost = true;
      this.#onHearing(isHearing);
    }
    this.#ticks += 1;
    if (isHearing && this.#owed === 0 && this.#ticks % QUIET_TICKS !== 0) return;
    this.#owed = Math.max(0, this.#owed - 1);
    this.#slice = (this.#slice + 1) % SLICES;
    const digit = this.#slice.toString(16);
    for (const digest of this.#listeners.topics()) if (digest.startsWith(digit)) this.#listeners.wake(digest);
  }
}

function digestOf(topic: string): string {
  return createHash('sha256').update(topic).digest('hex').slice(0, 16);
}

function signalDigestOf(topic: string): string {
  return createHash('sha256').update(topic).digest('hex').slice(0, 32);
}

function isDone(action: Promise<void> | undefined): Promise<boolean> {
  if (action === undefined) return Promise.resolve(false);
  return action.then(
    () => true,
    () => false,
  );
}
