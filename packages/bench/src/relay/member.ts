import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamEvent } from '@quicprochat/protocol';
import { Refused } from './calls.ts';
import type { LoadGroup } from './load-group.ts';
import { LoadStream } from './load-stream.ts';

/** Called for each entry that reaches a member, with its id. */
export type OnEntry = (id: string) => void;

/** One member with one stream, which goes on from its cursor when it comes back. */
export class Member {
  /** Entries that were not the next one in the log: left out, or there twice. */
  misplaced = 0;
  /** How often the relay ended the stream. */
  ended = 0;
  cursor = 0;
  readonly #group: LoadGroup;
  readonly #from: string;
  readonly #onEntry: OnEntry;
  #stream: LoadStream | undefined;

  constructor(group: LoadGroup, from: string, onEntry: OnEntry) {
    this.#group = group;
    this.#from = from;
    this.#onEntry = onEntry;
  }

  /** Opens the stream, as the SDK does: a ticket for a proof, then the stream for the ticket. Waits where it is told to. */
  async open(url: string): Promise<void> {
    for (;;) {
      try {
        this.#stream = await LoadStream.open({
          url,
          ticket: await this.#group.openStream(this.cursor),
          from: this.#from,
          onEvent: (event) => this.#take(event),
          onEnd: () => (this.ended += 1),
        });
        return;
      } catch (error) {
        if (!(error instanceof Refused) || error.retryAfterMs === undefined) throw error;
        await sleep(error.retryAfterMs * (1 + Math.random()));
      }
    }
  }

  close(): void {
    this.#stream?.close();
  }

  #take(event: StreamEvent): void {
    if (event.type !== 'group-entry') return;
    const { sequence, id } = event.entry;
    if (sequence !== this.cursor + 1) this.misplaced += 1;
    this.cursor = sequence;
    this.#onEntry(id);
  }
}
