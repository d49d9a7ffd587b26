import { createPrivateKey, sign, verify, type KeyObject } from 'node:crypto';
import { LIMITS, type StreamEvent } from '@quicprochat/protocol';
import {
  contextFor,
  createServices,
  localWake,
  openSqlite,
  relayRouter,
  type Context,
  type Db,
  type RelayPlatform,
  type RunningServices,
} from '@quicprochat/relay';
import { Rng } from '@quicprochat/testkit';
import { callTRPCProcedure, getTRPCErrorFromUnknown, getTRPCErrorShape } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { backUp, restore, type Backup } from './backup.ts';
import type { Scheduler } from './scheduler.ts';

const HOST = 'relay.test';
export const RELAY_ADDRESS = `http://${HOST}`;

/** A call as it reaches the relay. */
export interface Call {
  url: URL;
  method: string;
  headers: Headers;
  body: string | undefined;
  address: string;
}

/** The answer to a call. A stream passes its events on until it is cancelled. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body?: string;
  events?: (onFrame: (frame: Uint8Array) => void, onEnd: () => void) => void;
  cancel?: () => void;
}

/** How a relay that is down answers. */
class RelayDown extends TypeError {}

/** The relay's procedures over an in-memory store, called without an HTTP server. It can be stopped and started again. */
export class SimulatedRelay {
  readonly #db: Db;
  readonly #platform: RelayPlatform;
  readonly #rateFactor: number;
  /** Undefined while it is down. */
  #running: RunningServices | undefined;
  /** Undefined before the first. */
  #backup: Promise<Backup> | undefined;
  /** The groups whose logs have lost entries with a backup. */
  readonly wentBack = new Set<string>();

  private constructor(parts: { db: Db; platform: RelayPlatform; rateFactor: number }) {
    this.#db = parts.db;
    this.#platform = parts.platform;
    this.#rateFactor = parts.rateFactor;
    this.start();
  }

  /** @param options.rateFactor multiplies the relay's rate limits */
  static async create(
    scheduler: Scheduler,
    { seed, rateFactor }: { seed: number; rateFactor: number },
  ): Promise<SimulatedRelay> {
    const platform = platformOf(scheduler, new Rng(seed));
    return new SimulatedRelay({ db: await openSqlite(':memory:', { platform }), platform, rateFactor });
  }

  /** Starts it over what is stored. What it kept in memory is gone. */
  start(): void {
    this.#running ??= createServices({
      db: this.#db,
      wake: localWake(),
      publicHosts: [HOST],
      rateFactor: this.#rateFactor,
      platform: this.#platform,
    });
  }

  /** Stops it. Calls that it has begun are done, but their callers get no answer, and streams break. */
  stop(): void {
    this.#running?.end();
    this.#running = undefined;
  }

  get isDown(): boolean {
    return this.#running === undefined;
  }

  /** Keeps a copy of all that is stored now. */
  backUp(): void {
    this.#backup = backUp(this.#db);
  }

  /** Puts the newest backup in the place of all that is stored. The relay must be down. */
  async restore(): Promise<void> {
    const backup = await this.#backup;
    if (backup !== undefined) for (const group of await restore(this.#db, backup)) this.wentBack.add(group);
  }

  /** @throws {TypeError} if it is down, or is stopped before it has answered */
  async handle(call: Call): Promise<Answer> {
    const running = this.#running;
    if (running === undefined) throw new RelayDown('the relay is down');
    const authorization = call.headers.get('authorization') ?? undefined;
    const ctx = contextFor(running.services, { host: HOST, address: call.address, authorization });
    if (call.url.pathname === '/trpc/streams.events') return streamOf(ctx, call.url);
    const { url, method, headers, body } = call;
    const response = await fetchRequestHandler({
      endpoint: '/trpc',
      router: relayRouter,
      req: new Request(url, { method, headers, ...(body !== undefined && { body }) }),
      createContext: () => ctx,
      allowMethodOverride: true,
    });
    const answer = await response.text();
    if (running !== this.#running) throw new RelayDown('the relay went down');
    const type = response.headers.get('content-type') ?? 'application/json';
    return { status: response.status, headers: { 'content-type': type }, body: answer };
  }

  async close(): Promise<void> {
    this.start();
    await this.#running?.close();
  }
}

/** Answers `streams.events` in the same format as the relay's HTTP server. */
function streamOf(ctx: Context, url: URL): Answer {
  const gone = new AbortController();
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    events: (onFrame, onEnd) => {
      void pump(ctx, { url, signal: gone.signal }, onFrame).finally(onEnd);
    },
    cancel: () => gone.abort(),
  };
}

async function pump(
  ctx: Context,
  { url, signal }: { url: URL; signal: AbortSignal },
  onFrame: (frame: Uint8Array) => void,
): Promise<void> {
  onFrame(frame('{}', 'connected'));
  const stopPings = ctx.platform.every(LIMITS.streamPingMs, () => onFrame(frame('', 'ping')));
  signal.addEventListener('abort', stopPings, { once: true });
  try {
    const events = (await callTRPCProcedure({
      router: relayRouter,
      path: 'streams.events',
      type: 'subscription',
      ctx,
      getRawInput: async () => JSON.parse(url.searchParams.get('input') ?? 'null') as unknown,
      signal,
      batchIndex: 0,
    })) as AsyncIterable<StreamEvent>;
    for await (const event of events) {
      if (signal.aborted) return;
      onFrame(frame(JSON.stringify(event)));
    }
    onFrame(frame('', 'return'));
  } catch (cause) {
    const error = getTRPCErrorFromUnknown(cause);
    const config = relayRouter._def._config;
    const shape = getTRPCErrorShape({
      config,
      error,
      type: 'subscription',
      path: 'streams.events',
      input: undefined,
      ctx,
    });
    onFrame(frame(JSON.stringify(shape), 'serialized-error'));
  } finally {
    stopPings();
  }
}

function frame(data: string, event?: string): Uint8Array {
  return Buffer.from(`${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`);
}

/** PKCS #8 of an Ed25519 key is these bytes and then the seed (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The relay's platform: simulated time, seeded random bytes, and signatures on this thread. */
function platformOf(scheduler: Scheduler, rng: Rng): RelayPlatform {
  const randomBytes = (length: number) => Buffer.from(Array.from({ length }, () => rng.below(256)));
  return {
    now: () => scheduler.nowMs,
    elapsedMs: () => scheduler.nowMs,
    randomBytes,
    uuid: () => randomBytes(16).toString('hex'),
    fraction: () => rng.below(2 ** 20) / 2 ** 20,
    after: (ms, callback) => scheduler.after(ms, 'relay wakes', callback),
    every: (ms, callback) => {
      let cancel = () => {};
      const plan = () => {
        cancel = scheduler.after(ms, 'relay looks', () => {
          plan();
          callback();
        });
      };
      plan();
      return () => cancel();
    },
    nextRound: (callback) => void scheduler.after(0, 'relay goes on', callback),
    generateKey: () => ed25519(randomBytes(32)),
    sign: async (message, key) => sign(null, message, key),
    verify: async (message, key, signature) => verify(null, message, key, signature),
  };
}

/** Makes the only kind of key that is needed here: pushes, which use P-256, are not simulated. */
function ed25519(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}
