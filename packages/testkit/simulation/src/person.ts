import { Client, QuicprochatError, type Conversation } from '@quicprochat/sdk';
import { Disk } from './disk.ts';
import type { Network } from './network.ts';
import { RELAY_ADDRESS } from './relay.ts';
import type { Scheduler } from './scheduler.ts';
import { Tab } from './tab.ts';

/**
 * A message that somebody wanted to send, and what became of the call: nobody knows if its tab was killed meanwhile, or if
 * it was too late to cancel it.
 */
export interface Said {
  text: string;
  by: string;
  outcome: 'unknown' | 'sent' | 'cancelled' | 'refused';
  /** Why it was refused. */
  refusal?: string;
}

/** A client that is open in a tab, or is being opened there. */
interface Open {
  tab: Tab;
  client: Client | undefined;
  /** What was called and has not come to its end. */
  calls: Set<string>;
}

/** Somebody with one device, on which any number of tabs is open. */
export class Person {
  readonly handle: string;
  readonly said: Said[] = [];
  readonly #disk = new Disk();
  readonly #open: Open[] = [];
  readonly #parts: { scheduler: Scheduler; network: Network; seed: number };
  #tabs = 0;
  #heals = 0;
  #reads = 0;

  constructor(handle: string, parts: { scheduler: Scheduler; network: Network; seed: number }) {
    this.handle = handle;
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Clients that have finished opening. */
  get clients(): Client[] {
    return this.#open.flatMap(({ client }) => client ?? []);
  }

  /** Opens one more tab. A tab whose client cannot be opened is opened again, as a person would. */
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

  /** Ends the newest tab at this very moment, without a word to its client. */
  killTab(): void {
    const newest = this.#open.at(-1);
    if (newest !== undefined) this.#kill(newest);
  }

  /** Ends the newest tab so long after it has stored something next: of two commits that belong together, between them. */
  killTabAfterCommit(delayMs: number): void {
    const newest = this.#open.at(-1);
    if (newest === undefined) return;
    newest.tab.onCommit = () => newest.tab.after('dies', () => this.#kill(newest), delayMs);
  }

  /** From now on no tab is killed for what it stores; one that is dying still does. */
  spareTabs(): void {
    for (const { tab } of this.#open) tab.onCommit = () => undefined;
  }

  /** Marks all as read, in the newest tab. */
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

  /** Says something in a conversation, from the newest tab, and may cancel it after a while. */
  say(conversationId: string, cancelAfterMs?: number): void {
    const open = this.#newest();
    const conversation = open && find(open.client, conversationId);
    if (open === undefined || conversation === undefined) return;
    const said: Said = { text: `${this.handle} ${this.said.length}`, by: this.handle, outcome: 'unknown' };
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

  heal(conversationId: string): void {
    const open = this.#newest();
    const conversation = open && find(open.client, conversationId);
    if (open === undefined || conversation === undefined) return;
    this.#heals += 1;
    // Losing every race is one of its outcomes.
    const healing = conversation.heal().catch(() => undefined);
    note(open, `heal ${this.#heals} of ${this.handle}`, healing);
  }

  /** What was called in tabs that are open and has not come to its end. */
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

/** Keeps a call as long as it lasts. */
function note({ calls }: Open, name: string, call: Promise<unknown>): void {
  calls.add(name);
  void call.then(() => calls.delete(name));
}

function noteRefusal(said: Said, error: unknown, { aborted, reason }: AbortSignal): void {
  if (aborted && error === reason) said.outcome = 'cancelled';
  else if (!(error instanceof QuicprochatError && error.code === 'TOO_LATE_TO_CANCEL')) {
    said.outcome = 'refused';
    said.refusal = error instanceof QuicprochatError ? error.code : String(error);
  }
}

/** The conversation under this id, if the client has it yet. */
export function find(client: Client, conversationId: string): Conversation | undefined {
  return client.conversations.list().find(({ id }) => id === conversationId);
}
