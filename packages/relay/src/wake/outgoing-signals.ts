import { MAX_TEXT_BYTES } from './bus.ts';

/** Signals that wait for the bus. Where it is slower than they come, the oldest are lost: they are of the least use. */
const MOST_WAITING = 256;

/** So many milliseconds' signals travel together. */
const GATHER_MS = 2;

/** Of what travels beside the signals: the sender's id and a space. */
const BESIDE_BYTES = 17;

/** What one relay has to tell the others, and may lose. */
export class OutgoingSignals {
  readonly #publish: (words: string) => Promise<void>;
  readonly #waiting: string[] = [];
  #isSending = false;

  constructor(publish: (words: string) => Promise<void>) {
    this.#publish = publish;
  }

  add(word: string): void {
    this.#waiting.push(word);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    if (!this.#isSending) void this.#send();
  }

  /** One text after the other: what the bus has not taken yet keeps none of the memory that is not counted here. */
  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      await this.#publish(this.#take()).catch(() => undefined);
    }
    this.#isSending = false;
  }

  /** As many as fit into one text. All are ASCII, and none is longer than a text by itself. */
  #take(): string {
    const words: string[] = [];
    let room = MAX_TEXT_BYTES - BESIDE_BYTES;
    for (const word of this.#waiting) {
      room -= word.length + 1;
      if (room < 0) break;
      words.push(word);
    }
    this.#waiting.splice(0, words.length);
    return words.join(' ');
  }
}
