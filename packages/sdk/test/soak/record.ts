/** The most messages that a record has room for. */
const ROOM = 200_000;

/**
 * What was sent, when, and who has shown it. All of it is in arrays of a fixed size, so that the record does not grow with
 * the number of messages. A message is named by its number, members and conversations by theirs.
 */
export class SoakRecord {
  readonly #sentAtMs = new Float64Array(ROOM);
  readonly #waitedMs = new Float64Array(ROOM);
  readonly #missing = new Uint8Array(ROOM);
  readonly #senders = new Uint8Array(ROOM);
  readonly #newest = new Map<string, number>();
  #count = 0;
  #oldestOpen = 0;
  /** What must not happen: a message shown twice, or before an earlier one of the same sender. */
  readonly problems: string[] = [];

  /** How many were sent. */
  get count(): number {
    return this.#count;
  }

  senderOf(number: number): number {
    return this.#senders[number]!;
  }

  /** Returns the number of the next message. */
  send(sender: number, others: readonly number[], nowMs: number): number {
    if (this.#count === ROOM) throw new Error(`the record has room for ${ROOM} messages`);
    const number = this.#count++;
    this.#sentAtMs[number] = nowMs;
    this.#senders[number] = sender;
    this.#missing[number] = others.reduce((bits, other) => bits | (1 << other), 0);
    return number;
  }

  show(
    number: number,
    { reader, conversation, nowMs }: { reader: number; conversation: number; nowMs: number },
  ) {
    const bit = 1 << reader;
    if (((this.#missing[number] ?? 0) & bit) === 0) {
      this.problems.push(`member ${reader} shows message ${number} twice, or should not see it`);
      return;
    }
    const place = `${reader} ${conversation} ${this.#senders[number]}`;
    if ((this.#newest.get(place) ?? -1) > number)
      this.problems.push(`member ${reader} shows message ${number} after a later one of the same sender`);
    this.#newest.set(place, number);
    this.#missing[number]! &= ~bit;
    if (this.#missing[number] === 0) this.#waitedMs[number] = nowMs - this.#sentAtMs[number]!;
  }

  /** The longest that a message waits now that not everyone has shown, and who has not; undefined if there is none. */
  oldestOpen(
    nowMs: number,
  ): { number: number; sender: number; waitsMs: number; readers: number[] } | undefined {
    while (this.#oldestOpen < this.#count && this.#missing[this.#oldestOpen] === 0) this.#oldestOpen++;
    const number = this.#oldestOpen;
    if (number === this.#count) return undefined;
    const readers = Array.from({ length: 8 }, (_, i) => i).filter((i) => this.#missing[number]! & (1 << i));
    return { number, sender: this.#senders[number]!, waitsMs: nowMs - this.#sentAtMs[number]!, readers };
  }

  /** How long messages waited until everyone had shown them, shortest first, in ms. */
  waits(): Float64Array {
    return this.#waitedMs.slice(0, this.#count).sort();
  }
}
