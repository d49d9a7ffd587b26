import type * as SdkEntry from '@quicprochat/sdk';
import type { Client, ClientOptions, Conversation, Message, Storage, WorkerLike } from '@quicprochat/sdk';
import { difference, type Counts, type Tally } from './tally.ts';

/** The process or page that a person's client runs in. */
export interface Habitat {
  sdk: Pick<typeof SdkEntry, 'Client'>;
  tally: Tally;
  storage(name: string): Storage | Promise<Storage>;
  /** Starts the worker with its calls counted. */
  startWorker(): WorkerLike;
  /** The address of the .wasm, unless the SDK finds it by itself. */
  wasm?: string;
  /** Bytes on the wire so far, if they can be told. */
  wire(): Counts;
  /** Processor time of the whole process so far, its worker included; NaN if it cannot be told. */
  cpuMs(): number;
  /** Milliseconds by a clock that all people of one machine share. */
  now: () => number;
}

/** What something cost a client until it was quiet again. */
export interface Cost {
  cpuMs: number;
  counts: Counts;
}

export interface Measured extends Cost {
  /** Until the call resolved. */
  wallMs: number;
}

export interface OpenOptions {
  store: string;
  relay: string;
  handle?: string;
  live: boolean;
  update?: NonNullable<ClientOptions['update']>;
}

/** One line that a listener saw. */
export interface Arrival {
  text: string;
  type: Message['content']['type'];
  own: boolean;
  atMs: number;
}

/** A client is quiet if for this long it neither touches its store nor calls its worker or the relay. */
const QUIET_MS = 250;
const POLL_MS = 25;
const PATIENCE_MS = 120_000;

/** What a person can be asked to do. Only public API that every revision has: see `--against`. */
export function actsOf(habitat: Habitat) {
  const { tally, now } = habitat;
  let arrivals: Arrival[] = [];
  let listening = new AbortController();
  let open: Client | undefined;
  let marked: Cost = { cpuMs: 0, counts: {} };

  const total = (): Cost => ({ cpuMs: habitat.cpuMs(), counts: { ...tally.read(), ...habitat.wire() } });
  const client = (): Client => {
    if (open === undefined) throw new Error('the client is not open');
    return open;
  };
  const conversation = (id: string): Conversation => client().conversations.find(id);

  async function quiet(): Promise<void> {
    const end = now() + PATIENCE_MS;
    for (let [seen, since] = [-1, now()]; now() - since < QUIET_MS && now() < end; await sleep(POLL_MS))
      if (tally.total !== seen) [seen, since] = [tally.total, now()];
  }

  async function measured(work: () => Promise<unknown>): Promise<Measured> {
    const [before, start] = [total(), now()];
    await work();
    const wallMs = now() - start;
    await quiet();
    return { wallMs, ...costSince(before, total()) };
  }

  return {
    /** Registers the handle if the store is new. */
    open: ({ store, ...options }: OpenOptions): Promise<Measured> =>
      measured(async () => {
        open = await habitat.sdk.Client.create({
          ...options,
          storage: habitat.storage(store),
          worker: () => habitat.startWorker(),
          ...(habitat.wasm !== undefined && { wasm: habitat.wasm }),
        });
      }),

    close: async (): Promise<void> => {
      await open?.close();
      open = undefined;
    },

    sync: (): Promise<Measured> => measured(() => client().sync()),

    create: async ({ members }: { members: string[] }): Promise<Measured & { id: string }> => {
      let id = '';
      const cost = await measured(async () => {
        ({ id } = await client().conversations.create({ members }));
      });
      return { id, ...cost };
    },

    /** Creates conversations one after the other. Returns their ids and how long each took. */
    createMany: async ({ members, count }: { members: string[]; count: number }) => {
      const created: { id: string; ms: number }[] = [];
      for (let i = 0; i < count; i++) {
        const start = now();
        const { id } = await client().conversations.create({ members });
        created.push({ id, ms: now() - start });
      }
      return created;
    },

    /** Waits until this client is in the conversation. */
    meet: async ({ id }: { id: string }): Promise<void> => {
      await until(() =>
        client()
          .conversations.list()
          .some((one) => one.id === id),
      );
    },

    connected: async (): Promise<void> => {
      await until(() => client().connection === 'online');
      await quiet();
    },

    /** Sends texts `first`, `first + 1` and so on, each when the one before was accepted. */
    sendInTurn: async ({ id, count, first = 0 }: { id: string; count: number; first?: number }) => {
      const each: number[] = [];
      const to = conversation(id);
      const cost = await measured(async () => {
        for (let i = 0; i < count; i++) {
          const start = now();
          await to.send(String(first + i));
          each.push(now() - start);
        }
      });
      return { each, ...cost };
    },

    /** Returns how long it took, without waiting until the client is quiet. */
    sendOne: async ({ id, text }: { id: string; text: string }): Promise<number> => {
      const start = now();
      await conversation(id).send(text);
      return now() - start;
    },

    sendAtOnce: ({ id, count }: { id: string; count: number }): Promise<Measured> => {
      const to = conversation(id);
      return measured(() => Promise.all(Array.from({ length: count }, (_, i) => to.send(String(i)))));
    },

    /** Keeps so many sends on their way for so long. */
    sendFor: async ({ id, seconds, atOnce }: { id: string; seconds: number; atOnce: number }) => {
      const [to, end] = [conversation(id), now() + seconds * 1_000];
      let next = 0;
      const keepSending = async () => {
        while (now() < end) await to.send(String(next++));
      };
      const cost = await measured(() => Promise.all(Array.from({ length: atOnce }, keepSending)));
      return { sent: next, ...cost };
    },

    /** Sends one text after the other, one every so many milliseconds. Returns when each was sent. */
    sendEvery: async ({ id, everyMs, count }: { id: string; everyMs: number; count: number }) => {
      const [to, start] = [conversation(id), now()];
      const sentAtMs: number[] = [];
      for (let i = 0; i < count; i++) {
        await sleep(start + i * everyMs - now());
        sentAtMs.push(now());
        await to.send(String(i));
      }
      return sentAtMs;
    },

    heal: async ({ id }: { id: string }): Promise<void> => {
      await conversation(id).heal();
    },

    /** Writes down every line of the conversation from now on, instead of what was listened to before. */
    listen: ({ id }: { id: string }): Promise<void> => {
      listening.abort();
      listening = new AbortController();
      arrivals = [];
      const lines = conversation(id).messages({ signal: listening.signal });
      void take(lines, arrivals, now);
      return Promise.resolve();
    },

    /** Waits for so many texts of others, and returns every line in its order. */
    heard: async ({ texts }: { texts: number }): Promise<Arrival[]> => {
      const heard = () => arrivals.filter(({ own, type }) => !own && type === 'text').length;
      await until(() => heard() >= texts);
      return [...arrivals];
    },

    epoch: ({ id }: { id: string }): Promise<number> => Promise.resolve(conversation(id).epoch),

    conversations: (): Promise<number> => Promise.resolve(client().conversations.list().length),

    /** Begins to measure. */
    mark: async (): Promise<void> => {
      await quiet();
      marked = total();
    },

    /** What the client has cost since {@link mark}. */
    cost: async (): Promise<Cost> => {
      await quiet();
      return costSince(marked, total());
    },
  };

  async function until(isSo: () => boolean): Promise<void> {
    const end = now() + PATIENCE_MS;
    for (; !isSo(); await sleep(POLL_MS / 5)) if (now() > end) throw new Error('waited for too long');
  }
}

export type Acts = ReturnType<typeof actsOf>;

async function take(lines: AsyncIterable<Message>, arrivals: Arrival[], now: Habitat['now']): Promise<void> {
  for await (const { content, own } of lines)
    arrivals.push({
      text: content.type === 'text' ? content.text : '',
      type: content.type,
      own,
      atMs: now(),
    });
}

function costSince(before: Cost, after: Cost): Cost {
  return { cpuMs: after.cpuMs - before.cpuMs, counts: difference(after.counts, before.counts) };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
