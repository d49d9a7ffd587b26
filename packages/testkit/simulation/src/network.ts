import type { Rng } from '@quicprochat/testkit';
import { Lies } from './lies.ts';
import type { Answer, SimulatedRelay } from './relay.ts';
import type { Scheduler } from './scheduler.ts';
import type { Tally } from './tally.ts';

/** The probability of each fault, per call or per stream event. */
export interface Faults {
  /** The call does not reach the relay. */
  lostCall: number;
  /** The call reaches the relay, but the answer is lost. */
  lostAnswer: number;
  /** The call reaches the relay twice. */
  doubledCall: number;
  /** A proxy answers with 502 instead of the relay. */
  badGateway: number;
  /** Something else answers, with a status that says that all is well: a hotel’s page, or half of the relay’s answer. */
  garbage: number;
  /** A call, an answer or an event is delayed by up to {@link MOST_LATE_MS}. */
  late: number;
  /** The stream breaks, and events under way are lost. */
  brokenStream: number;
  /** A stream event arrives twice. */
  doubledEvent: number;
  /** Something that is no event arrives in a stream. */
  garbledEvent: number;
  /** The relay does what it is called for, and lies about it: see {@link Lies}. */
  lie: number;
  /** The relay changes a stream event. */
  lyingEvent: number;
}

export const NO_FAULTS: Faults = {
  lostCall: 0,
  lostAnswer: 0,
  doubledCall: 0,
  badGateway: 0,
  garbage: 0,
  late: 0,
  brokenStream: 0,
  doubledEvent: 0,
  garbledEvent: 0,
  lie: 0,
  lyingEvent: 0,
};

/** The longest delay of a call, an answer or an event, and of a late one. */
const MOST_MS = 40;
const MOST_LATE_MS = 8_000;

/** On a narrow link, what arrives at one time: half a second of it. A request goes out at this pace at the least. */
const PIECES_PER_SECOND = 2;
const LEAST_UPLOAD_BYTES_PER_SECOND = 4_000;

/** A link that is frozen: nothing goes through, and nobody is told. */
interface Freeze {
  untilMs: number;
  /** Whether all that was on its way is lost when it ends. */
  breaks: boolean;
}

/** A tab that calls. */
export interface Caller {
  readonly name: string;
  readonly device: string;
  /** Runs the callback in the tab after a delay, unless the tab is killed first. */
  after(what: string, run: () => void, delayMs: number): void;
}

interface Stream {
  tab: Caller;
  break: () => void;
}

/** The network between the tabs and the relay. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #relay: SimulatedRelay;
  readonly #rng: Rng;
  readonly #tally: Tally;
  readonly #lies: Lies;
  readonly #streams = new Set<Stream>();
  readonly #cutOff = new Set<string>();
  /** The longest delay of devices whose link is slow. */
  readonly #slowMs = new Map<string, number>();
  /** Bytes per second of devices whose link is narrow. */
  readonly #rates = new Map<string, number>();
  readonly #frozen = new Map<string, Freeze>();
  /** When the calls of a device were lost last that had been on their way until then. */
  readonly #lostMs = new Map<string, number>();
  faults = NO_FAULTS;

  constructor(parts: { scheduler: Scheduler; relay: SimulatedRelay; rng: Rng; tally: Tally }) {
    this.#scheduler = parts.scheduler;
    this.#relay = parts.relay;
    this.#rng = parts.rng;
    this.#tally = parts.tally;
    this.#lies = new Lies(parts.rng);
  }

  /** Takes a device offline: its streams break and its calls fail. */
  cutOff(device: string): void {
    this.#cutOff.add(device);
    for (const stream of [...this.#streams]) if (stream.tab.device === device) stream.break();
  }

  /** Gives a device a slow link: each call, answer and event takes up to this long. */
  slowDown(device: string, mostMs: number): void {
    this.#slowMs.set(device, mostMs);
  }

  /** Gives a device a narrow link, for good: what is large takes long, and arrives in pieces. */
  narrow(device: string, bytesPerSecond: number): void {
    this.#rates.set(device, bytesPerSecond);
  }

  /** Lets nothing through for a time, and tells nobody. What was on its way arrives after that, or is lost. */
  freeze(device: string, { forMs, breaks }: { forMs: number; breaks: boolean }): void {
    if (this.#frozen.has(device)) return;
    const freeze = { untilMs: this.#scheduler.nowMs + forMs, breaks };
    this.#frozen.set(device, freeze);
    this.#scheduler.after(forMs, `the link of ${device} thaws`, () => {
      if (this.#frozen.get(device) === freeze) this.#thaw(device);
    });
  }

  /** What a device's link is frozen by; undefined if it is not. */
  freezeOf(device: string): object | undefined {
    return this.#frozen.get(device);
  }

  #thaw(device: string): void {
    const breaks = this.#frozen.get(device)?.breaks === true;
    this.#frozen.delete(device);
    if (!breaks) return;
    this.#lostMs.set(device, this.#scheduler.nowMs);
    for (const stream of [...this.#streams]) if (stream.tab.device === device) stream.break();
  }

  /** Ends what {@link cutOff}, {@link slowDown} and {@link freeze} did. */
  reconnect(device: string): void {
    this.#cutOff.delete(device);
    this.#slowMs.delete(device);
    this.#thaw(device);
  }

  /** Stops the relay: streams break, and calls fail until it is started again. */
  stopRelay(): void {
    this.#relay.stop();
    for (const stream of [...this.#streams]) stream.break();
  }

  startRelay(): void {
    this.#relay.start();
  }

  backUpRelay(): void {
    this.#relay.backUp();
  }

  /** Puts the newest backup into the relay if it is still down, and starts it. */
  async restoreRelay(): Promise<void> {
    if (!this.#relay.isDown) return;
    await this.#relay.restore();
    this.startRelay();
  }

  /** The conversations whose logs have lost entries with a backup. */
  get wentBack(): ReadonlySet<string> {
    return this.#relay.wentBack;
  }

  /** Breaks the streams of a tab that was killed. */
  forget(tab: Caller): void {
    for (const stream of [...this.#streams]) if (stream.tab === tab) stream.break();
  }

  /** The `fetch` of one tab. */
  async fetch(tab: Caller, url: string, init: RequestInit = {}): Promise<Response> {
    const { signal } = init;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      const carried = this.#carry(tab, { url, init });
      const tell = (how: string) =>
        tab.after(how, () => this.#onceThawed(tab, () => resolve(carried)), this.#delay(tab));
      carried.then(
        () => tell('is told'),
        () => tell('is told of a failure'),
      );
    });
  }

  async #carry(tab: Caller, call: { url: string; init: RequestInit }): Promise<Response> {
    const procedure = call.url.split('/').at(-1)?.split('?')[0] ?? '';
    const name = `${tab.name} ${procedure}`;
    if (this.#cutOff.has(tab.device)) throw new TypeError('the device is offline');
    if (this.#happens('lostCall')) throw new TypeError('the call was lost');
    if (this.#happens('badGateway')) return badGateway();
    if (this.#happens('doubledCall')) {
      const again = this.#scheduler.sleep(this.#delay(tab), `${name} once more`);
      void again.then(() => this.#reach(tab, call)).catch(() => undefined);
    }
    const begunMs = this.#scheduler.nowMs;
    const uploadMs = this.#uploadMs(tab, call.init);
    await this.#scheduler.sleep(this.#delay(tab) + uploadMs, name);
    if (uploadMs > 0 && call.init.signal?.aborted) throw new TypeError('the call was given up on its way');
    await new Promise<void>((resolve) => this.#onceThawed(tab, resolve));
    if ((this.#lostMs.get(tab.device) ?? -1) > begunMs) throw new TypeError('the call was lost at the thaw');
    const answer = this.#told(procedure, await this.#reach(tab, call));
    if (this.#happens('lostAnswer') || this.#cutOff.has(tab.device)) {
      answer.cancel?.();
      throw new TypeError('the answer was lost');
    }
    if (this.#happens('garbage')) {
      answer.cancel?.();
      return this.#garbage(answer);
    }
    return answer.events === undefined
      ? this.#whole(tab, answer)
      : this.#stream(tab, answer, call.init.signal);
  }

  #uploadMs({ device }: Caller, { body }: RequestInit): number {
    const rate = this.#rates.get(device);
    if (rate === undefined || typeof body !== 'string') return 0;
    return Math.round((body.length / Math.max(rate, LEAST_UPLOAD_BYTES_PER_SECOND)) * 1_000);
  }

  /** Runs something at once, or when the device's link has thawed. */
  #onceThawed(tab: Caller, run: () => void): void {
    const freeze = this.#frozen.get(tab.device);
    if (freeze === undefined) return run();
    const leftMs = freeze.untilMs - this.#scheduler.nowMs + this.#rng.below(MOST_MS);
    tab.after('gets what was held up', () => this.#onceThawed(tab, run), leftMs);
  }

  /** An answer with all of its body, which arrives in pieces if the link is narrow. */
  #whole(tab: Caller, { status, headers, body = '' }: Answer): Response {
    const rate = this.#rates.get(tab.device);
    if (rate === undefined) return new Response(body, { status, headers });
    const bytes = Buffer.from(body);
    const size = Math.ceil(rate / PIECES_PER_SECOND);
    let isGivenUp = false;
    const pieces = new ReadableStream<Uint8Array>({
      cancel: () => void (isGivenUp = true),
      start: (controller) => {
        const send = (from: number) => {
          if (isGivenUp) return;
          if (from >= bytes.length) return controller.close();
          controller.enqueue(bytes.subarray(from, from + size));
          const next = () => this.#onceThawed(tab, () => send(from + size));
          tab.after('gets a piece', next, 1_000 / PIECES_PER_SECOND);
        };
        send(0);
      },
    });
    return new Response(pieces, { status, headers });
  }

  /** What the relay says of what it has done. */
  #told(procedure: string, answer: Answer): Answer {
    const told = this.#happens('lie') ? this.#lies.answer(procedure, answer) : answer;
    if (this.faults.lie > 0) this.#lies.note(procedure, answer);
    return told;
  }

  #reach(tab: Caller, { url, init }: { url: string; init: RequestInit }): Promise<Answer> {
    return this.#relay.handle({
      url: new URL(url),
      method: init.method ?? 'GET',
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? init.body : undefined,
      address: tab.device,
    });
  }

  /** Delivers events in order, each after a delay. If the stream breaks, events under way are lost. */
  #stream(
    tab: Caller,
    { status, headers, events, cancel }: Answer,
    signal: AbortSignal | null | undefined,
  ): Response {
    let isOpen = true;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const stream: Stream = {
          tab,
          break: () => {
            if (end()) controller.error(new TypeError('the stream broke'));
          },
        };
        const end = () => {
          const wasOpen = isOpen;
          isOpen = false;
          this.#streams.delete(stream);
          cancel?.();
          return wasOpen;
        };
        this.#streams.add(stream);
        signal?.addEventListener('abort', () => stream.break(), { once: true });
        const deliver = (frame: Uint8Array) => {
          if (!isOpen) return;
          if (this.#happens('brokenStream')) return stream.break();
          if (this.#happens('garbledEvent')) controller.enqueue(this.#garbled());
          controller.enqueue(this.#happens('lyingEvent') ? this.#lies.frame(frame) : frame);
        };
        const later = this.#inOrder(tab);
        events?.(
          (frame) => {
            const copies = this.#happens('doubledEvent') ? 2 : 1;
            for (let copy = 0; copy < copies; copy += 1) later('hears', () => deliver(frame), frame.length);
          },
          () => {
            later('hears the end', () => {
              if (end()) controller.close();
            });
          },
        );
      },
      cancel: () => {
        isOpen = false;
        cancel?.();
      },
    });
    return new Response(body, { status, headers });
  }

  /** Returns a function that runs callbacks in a tab, each after a delay, in the order in which it was called. */
  #inOrder(tab: Caller): (what: string, run: () => void, bytes?: number) => void {
    const waiting: (() => void)[] = [];
    /** When the link is free for what comes next, if it is narrow. */
    let freeMs = 0;
    return (what, run, bytes = 0) => {
      waiting.push(run);
      const { nowMs } = this.#scheduler;
      freeMs =
        Math.max(nowMs, freeMs) + Math.round((bytes / (this.#rates.get(tab.device) ?? Infinity)) * 1_000);
      const delayMs = freeMs - nowMs + this.#delay(tab);
      tab.after(what, () => this.#onceThawed(tab, () => waiting.shift()?.()), delayMs);
    };
  }

  /** An answer that is not the relay’s, or not all of it. */
  #garbage({ body = '' }: Answer): Response {
    const json = { 'content-type': 'application/json' };
    return this.#rng.pick([
      () => new Response('<html>', { status: 200, headers: { 'content-type': 'text/html' } }),
      () => new Response(body.slice(0, this.#rng.below(body.length)), { status: 200, headers: json }),
      () => new Response('[]', { status: 200, headers: json }),
      () => new Response('{"result":{"data":{}}}', { status: 200, headers: json }),
      () =>
        new Response('{"error":{"message":"no","code":-32603,"data":{}}}', { status: 500, headers: json }),
      () => new Response(undefined, { status: 204 }),
    ])();
  }

  #garbled(): Uint8Array {
    const frames = [
      'data: {\n\n',
      'data: {"type":"of another version"}\n\n',
      'data: {"type":"entry"}\n\n',
      ': \n\n',
    ];
    return Buffer.from(this.#rng.pick(frames));
  }

  #delay({ device }: Caller): number {
    return this.#rng.below(this.#happens('late') ? MOST_LATE_MS : (this.#slowMs.get(device) ?? MOST_MS));
  }

  #happens(fault: keyof Faults): boolean {
    const probability = this.faults[fault];
    const happens = probability > 0 && this.#rng.chance(probability);
    if (happens) this.#tally.add(fault);
    return happens;
  }
}

function badGateway(): Response {
  return new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } });
}
