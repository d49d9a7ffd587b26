import { Client, QuicprochatError, type Conversation } from '@quicprochat/sdk';
import { Rng } from '@quicprochat/testkit';
import { Disk, type DiskFaults } from './disk.ts';
import type { Network } from './network.ts';
import { RELAY_ADDRESS } from './relay.ts';
import type { Scheduler } from './scheduler.ts';
import { Tab } from './tab.ts';

/**
 * A message that a person tried to send, and how the call ended. The outcome stays unknown if the tab was killed during
 * the call, or if it was too late to cancel.
 */
export interface Said {
  /** The conversation that it was said in. */
  conversationId: string;
  text: string;
  by: string;
  outcome: 'unknown' | 'sent' | 'cancelled' | 'refused';
  /** The error code, if the message was refused. */
  refusal?: string;
}

/** How many groups a client keeps in memory: with one, the others are loaded again and again. */
const GROUPS_IN_MEMORY = [1, 2, 32];

/** A tab and its client, which is undefined while it opens. */
interface Open {
  tab: Tab;
  client: Client | undefined;
  /** Calls that have not ended yet. */
  calls: Set<string>;
}

/** A person with one device and any number of open tabs. */
export class Person {
  readonly handle: string;
  readonly said: Said[] = [];
  /** Whether the storage was put back: then this device may have forgotten messages that it sent. */
  wasPutBack = false;
  readonly #disk: Disk;
  readonly #open: Open[] = [];
  readonly #parts: { scheduler: Scheduler; network: Network; seed: number };
  #groupsInMemory: number;
  #tabs = 0;
  #heals = 0;
  #reads = 0;

  constructor(handle: string, parts: { scheduler: Scheduler; network: Network; seed: number }) {
    this.handle = handle;
    this.#parts = parts;
    const rng = new Rng(parts.seed);
    this.#disk = new Disk(new Rng(rng.below(2 ** 31)));
    this.#groupsInMemory = rng.pick(GROUPS_IN_MEMORY);
  }

  /** How the device's storage fails, in all tabs. */
  set diskFaults(faults: DiskFaults) {
    this.#disk.faults = faults;
  }

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Clients that have finished opening. */
  get clients(): Client[] {
    return this.#open.flatMap(({ client }) => client ?? []);
  }

  /** Opens one more tab. If its client fails to open, closes the tab after a second and opens another one. */
  openTab(): void {
    this.#tabs += 1;
    const { scheduler, network, seed } = this.#parts;
    const names = { name: `${this.handle}.${this.#tabs}`, device: this.handle };
    const tab = new Tab(names, { scheduler, network, seed: seed * 1_000 + this.#tabs });
    const open: Open = { tab, client: undefined, calls: new Set() };
    this.#open.push(open);
    const { platform } = tab;
    Client.create({
      relay: RELAY_ADDRESS,
      handle: this.handle,
      storage: this.#disk.openFor(tab),
      groupsInMemory: this.#groupsInMemory,
      platform,
    }).then(
      (client) => {
        open.client = client;
      },
      () => {
        tab.after(
          'gives up opening',
          () => {
            this.#kill(open);
            this.openTab();
          },
          1_000,
        );
      },
    );
  }

  /** Kills the newest tab. Its client gets no chance to clean up. */
  killTab(): void {
    const newest = this.#open.at(-1);
    if (newest !== undefined) this.#kill(newest);
  }

  /** Kills the newest tab shortly after its next commit, so that it can die between two commits that belong together. */
  killTabAfterCommit(delayMs: number): void {
    const newest = this.#open.at(-1);
    if (newest === undefined) return;
    newest.tab.onCommit = () => newest.tab.after('dies', () => this.#kill(newest), delayMs);
  }

  /** Stops killing tabs after commits. A kill that is already planned still happens. */
  spareTabs(): void {
    for (const { tab } of this.#open) tab.onCommit = () => undefined;
  }

  /**
   * Closes all tabs, puts the storage back to what it was some commits ago, and opens a tab: what it did since is in the
   * relay's logs alone. Nobody knows what becomes of a message that was cancelled or refused since.
   */
  putBack(): void {
    if (!this.#disk.canBePutBack) return;
    this.closeAll();
    this.#disk.putBack();
    this.wasPutBack = true;
    for (const one of this.said) if (one.outcome !== 'sent') one.outcome = 'unknown';
    this.openTab();
  }

  /** Marks everything as read in the newest tab. */
  read(conversationId: string): void {
    const open = this.#newest();
    const conversation = open && find(open.client, conversationId);
    const position = conversation?.lastMessage?.position;
    if (open === undefined || conversation === undefined || position === undefined) return;
    this.#reads += 1;
    note(
      open,
      `read ${this.#reads} of ${this.handle}`,
      conversation.markRead(position).catch(() => undefined),
    );
  }

  /** Sends a message from the newest tab, and cancels it after a delay if one is given. */
  say(conversationId: string, cancelAfterMs?: number): void {
    const open = this.#newest();
    const conversation = open && find(open.client, conversationId);
    if (open === undefined || conversation === undefined) return;
    const said: Said = {
      conversationId,
      text: `${this.handle} ${this.said.length}`,
      by: this.handle,
      outcome: 'unknown',
    };
    this.said.push(said);
    const cancelling = new AbortController();
    if (cancelAfterMs !== undefined) {
      const reason = new DOMException('Cancelled', 'AbortError');
      open.tab.after('cancels', () => cancelling.abort(reason), cancelAfterMs);
    }
    const sending = conversation.send(said.text, { signal: cancelling.signal }).then(
      () => {
        said.outcome = 'sent';
      },
      (error: unknown) => noteRefusal(said, error, cancelling.signal),
    );
    note(open, `“${said.text}”`, sending);
  }

  /** Sends many messages at once from the newest tab. */
  sayMany(conversationId: string, count: number): void {
    for (let n = 0; n < count; n += 1) this.say(conversationId);
  }

  heal(conversationId: string): void {
    const open = this.#newest();
    const conversation = open && find(open.client, conversationId);
    if (open === undefined || conversation === undefined) return;
    this.#heals += 1;
    // It may end with COMMIT_CONTENTION.
    const healing = conversation.heal().catch(() => undefined);
    note(open, `heal ${this.#heals} of ${this.handle}`, healing);
  }

  /** Calls of open tabs that have not ended yet. */
  get calls(): string[] {
    return this.#open.flatMap(({ calls }) => [...calls]);
  }

  /** The newest tab whose client has finished opening. */
  #newest(): (Open & { client: Client }) | undefined {
    return this.#open.findLast((open): open is Open & { client: Client } => open.client !== undefined);
  }

  #kill(open: Open): void {
    if (!open.tab.isAlive) return;
    open.tab.kill();
    this.#open.splice(this.#open.indexOf(open), 1);
  }

  closeAll(): void {
    for (const open of [...this.#open]) this.#kill(open);
  }
}

/** Lists a call until it ends. */
function note({ calls }: Open, name: string, call: Promise<unknown>): void {
  calls.add(name);
  void call.then(() => calls.delete(name));
}

/** Errors that do not tell whether the message is sent. A storage can fail after the message was stored. */
const UNDECIDED: ReadonlySet<string> = new Set(['TOO_LATE_TO_CANCEL', 'STORE_UNAVAILABLE']);

function noteRefusal(said: Said, error: unknown, { aborted, reason }: AbortSignal): void {
  if (aborted && error === reason) said.outcome = 'cancelled';
  else if (!(error instanceof QuicprochatError && UNDECIDED.has(error.code))) {
    said.outcome = 'refused';
    said.refusal = error instanceof QuicprochatError ? error.code : String(error);
  }
}

/** The conversation under this id, if the client has it yet. */
export function find(client: Client, conversationId: string): Conversation | undefined {
  return client.conversations.list().find(({ id }) => id === conversationId);
}
