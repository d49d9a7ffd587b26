import { Client, type Conversation } from '@quicprochat/sdk';
import { Disk } from './disk.ts';
import type { Network } from './network.ts';
import { RELAY_ADDRESS } from './relay.ts';
import type { Scheduler } from './scheduler.ts';
import { Tab } from './tab.ts';

/** A message that somebody wanted to send, and what became of the call: nobody knows if its tab was killed meanwhile. */
export interface Said {
  text: string;
  by: string;
  outcome: 'unknown' | 'sent' | 'refused';
}

/** A client that is open in a tab, or is being opened there. */
interface Open {
  tab: Tab;
  client: Client | undefined;
}

/** Somebody with one device, on which any number of tabs is open. */
export class Person {
  readonly handle: string;
  readonly said: Said[] = [];
  readonly #disk = new Disk();
  readonly #open: Open[] = [];
  readonly #parts: { scheduler: Scheduler; network: Network; seed: number };
  #tabs = 0;

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
    const open: Open = { tab, client: undefined };
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

  /** Says something in a conversation, from the newest tab. */
  say(conversationId: string): void {
    const client = this.clients.at(-1);
    const conversation = client && find(client, conversationId);
    if (conversation === undefined) return;
    const said: Said = { text: `${this.handle} ${this.said.length}`, by: this.handle, outcome: 'unknown' };
    this.said.push(said);
    conversation.send(said.text).then(
      () => {
        said.outcome = 'sent';
      },
      () => {
        said.outcome = 'refused';
      },
    );
  }

  heal(conversationId: string): void {
    const client = this.clients.at(-1);
    const conversation = client && find(client, conversationId);
    // Losing every race is one of its outcomes.
    conversation?.heal().catch(() => undefined);
  }

  #kill(open: Open): void {
    open.tab.kill();
    this.#open.splice(this.#open.indexOf(open), 1);
  }

  closeAll(): void {
    for (const open of [...this.#open]) this.#kill(open);
  }
}

/** The conversation under this id, if the client has it yet. */
export function find(client: Client, conversationId: string): Conversation | undefined {
  return client.conversations.list().find(({ id }) => id === conversationId);
}
