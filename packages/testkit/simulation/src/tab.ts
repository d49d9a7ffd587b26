import { createPublicKey, verify } from 'node:crypto';
import type { Platform, WorkerPort } from '@quicprochat/sdk';
import { WorkerHost, type WorkerRequest } from '@quicprochat/sdk/testing';
import { Rng } from '@quicprochat/testkit';
import type { KeyUse } from './key-use.ts';
import type { Mischief } from './mischief.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';

/** The longest delay of a storage operation or of a message to the worker. */
const MOST_LOCAL_MS = 3;

/** Calls to the core that make a commit, or let one count. */
const COMMITTING: readonly string[] = [
  'group.create',
  'group.add',
  'group.remove',
  'group.selfUpdate',
  'group.commitProposals',
  'group.merge',
  'group.join',
];

/** The SubjectPublicKeyInfo of an Ed25519 key is these bytes followed by the key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A device’s clock. All its tabs read it. */
export interface DeviceClock {
  /** How far it is ahead of the true time. */
  offMs: number;
}

/**
 * A browser tab or process with one client. Its clock, timers, worker and network are simulated. It can be killed or
 * frozen between any two events. After that it gets no answers, and its timers never fire.
 */
export class Tab {
  readonly name: string;
  /** Tabs of one device share its network. */
  readonly device: string;
  readonly #scheduler: Scheduler;
  readonly #network: Network;
  readonly #rng: Rng;
  readonly #keyUse: KeyUse;
  readonly #mischief: Mischief;
  readonly #clock: DeviceClock;
  readonly #onConnectivity = new Set<(isOnline: boolean) => void>();
  readonly #host = new WorkerHost();
  #isAlive = true;
  /** What is due in the tab while it is frozen. Undefined if it is not. */
  #held: (() => void)[] | undefined;
  #hasCommitted = false;
  /** How often it was frozen. */
  freezes = 0;
  /** Called before each event of this tab. It may kill the tab. */
  onEvent: () => void = () => undefined;
  /** Called when a commit of this tab is stored, before the tab gets the answer. */
  onCommit: () => void = () => undefined;
  /** Called when the storage was closed under this tab, so that only another tab can go on. */
  onStorageClosed: () => void = () => undefined;

  constructor(
    { name, device }: { name: string; device: string },
    parts: {
      scheduler: Scheduler;
      network: Network;
      keyUse: KeyUse;
      mischief: Mischief;
      clock: DeviceClock;
      seed: number;
    },
  ) {
    this.name = name;
    this.device = device;
    this.#scheduler = parts.scheduler;
    this.#network = parts.network;
    this.#keyUse = parts.keyUse;
    this.#mischief = parts.mischief;
    this.#clock = parts.clock;
    this.#rng = new Rng(parts.seed);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#held !== undefined;
  }

  /** Whether the core has made a commit, or let one count, since this was asked last. */
  takeHasCommitted(): boolean {
    const hasCommitted = this.#hasCommitted;
    this.#hasCommitted = false;
    return hasCommitted;
  }

  /** Runs a commit of this tab's to its storage, and notes how it ended. */
  commit<Result>(work: () => Result): Result {
    let isStored = false;
    try {
      const result = work();
      isStored = true;
      return result;
    } finally {
      this.#keyUse.committed(this, { isStored });
    }
  }

  /** Has the system say that the network is back, or gone. */
  sayConnectivity(isOnline: boolean): void {
    for (const listener of this.#onConnectivity)
      this.after('is told of its network', () => listener(isOnline));
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#host.close();
    this.#network.forget(this);
  }

  /** Stops the tab, as a browser does in the background: nothing runs, and whatever arrives waits. */
  freeze(): void {
    this.#held ??= [];
    this.freezes += 1;
  }

  /** Lets a frozen tab go on. What waited runs in the order in which it was due. */
  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    held.forEach((run, n) => this.after('goes on', run, n));
  }

  /** Runs the callback after a short delay, unless the tab is killed first. */
  after(what: string, run: () => void, delayMs = this.#rng.below(MOST_LOCAL_MS)): () => void {
    return this.#scheduler.after(delayMs, `${this.name} ${what}`, () => this.#run(run));
  }

  /** Does the work after a short delay. Never settles if the tab is killed first. */
  later<Result>(what: string, work: () => Result): Promise<Result> {
    return new Promise((resolve) => {
      this.after(what, () => resolve(attempt(work)));
    });
  }

  /** Does the work after a short delay, even if the tab is killed meanwhile. Then the promise never settles. */
  work<Result>(what: string, work: () => Result): Promise<Result> {
    return new Promise((resolve) => {
      this.#scheduler.after(this.#rng.below(MOST_LOCAL_MS), `${this.name} ${what}`, () => {
        const outcome = attempt(work);
        outcome.catch(() => undefined);
        this.#run(() => resolve(outcome));
      });
    });
  }

  /** Runs what is due in the tab: later if it is frozen, and never if it was killed. */
  #run(run: () => void): void {
    if (!this.#isAlive) return;
    if (this.#held === undefined) {
      this.onEvent();
      if (this.isAlive) run();
    } else this.#held.push(() => this.#run(run));
  }

  readonly platform: Platform = {
    clock: { now: () => this.#scheduler.nowMs + this.#clock.offMs },
    random: {
      bytes: (length) => Uint8Array.from({ length }, () => this.#rng.below(256)),
      fraction: () => this.#rng.below(2 ** 20) / 2 ** 20,
    },
    timers: { sleep: (ms, signal) => this.#sleep(ms, signal) },
    net: { fetch: (input, init) => this.#fetch(input as string, init) },
    connectivity: {
      onChange: (listener) => {
        this.#onConnectivity.add(listener);
        return () => this.#onConnectivity.delete(listener);
      },
    },
    publicCrypto: {
      requireSupport: async () => undefined,
      isSigned: async ({ publicKey, signature, message }) => {
        const spki = Buffer.concat([SPKI_PREFIX, publicKey]);
        return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
      },
    },
    spawnWorker: () => this.#spawnWorker(),
    // Never read: the core is loaded once for all tabs, before the first run.
    wasmUrl: new URL('loaded:'),
  };

  #fetch(url: string, init?: RequestInit): Promise<Response> {
    const isPost = new URL(url).pathname.endsWith('/groups.post');
    if (isPost && typeof init?.body === 'string') this.#keyUse.posts(init.body);
    return this.#network.fetch(this, url, init);
  }

  /** Never resolves if the tab is killed meanwhile. */
  async #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#scheduler.sleep(ms, `${this.name} wakes`, signal);
    await new Promise<void>((resolve) => this.#run(resolve));
  }

  /** Runs the worker's side in this thread. Messages are copied, as between threads. */
  #spawnWorker(): WorkerPort {
    let listener: (message: unknown) => void = () => undefined;
    let isRunning = true;
    return {
      post: (message) => {
        const request = structuredClone(message) as WorkerRequest;
        this.#hasCommitted ||= COMMITTING.includes(request.name);
        this.after(`asks ${request.name}`, () => {
          void this.#host.answer(request).then((answer) => {
            this.#keyUse.heard(this, request, answer);
            const response = this.#mischief.meddle(request, answer);
            this.after('is answered', () => {
              if (isRunning) listener(structuredClone(response));
            });
          });
        });
      },
      onMessage: (next) => {
        listener = next;
      },
      onFailure: () => undefined,
      setBusy: () => undefined,
      terminate: () => {
        isRunning = false;
      },
    };
  }
}

/** Turns a result or an exception into a promise. */
async function attempt<Result>(work: () => Result): Promise<Result> {
  return work();
}
