import { toBase64Url, type GroupEntry } from '@quicprochat/protocol';
import { newId, newSigner, type Signer } from '@quicprochat/testkit';
import type { TestGroup } from '../../../../../packages/relay/test/support/group.ts';
import { codeOf } from '../../../../../packages/relay/test/support/api.ts';

/** What a log can have got wrong. */
export interface Problem {
  what: 'lost' | 'doubled' | 'out of sequence' | 'not as sent' | 'answered wrongly';
  about: string;
}

/** An entry as its author sends it, however often. */
export interface Sent {
  id: string;
  kind: 'commit' | 'message';
  epoch: number;
  /** The key of the next epoch, of a commit. */
  nextKey: Signer | undefined;
}

/** What the writers of one group know of its log, to be compared with the log. */
export class LogModel {
  readonly group: TestGroup;
  readonly problems: Problem[] = [];
  readonly #sent = new Map<string, Sent>();
  /** Entries that the relay said are not stored, and never will be. */
  readonly #refused = new Set<string>();
  readonly #acknowledged = new Map<string, number>();
  readonly #acknowledgedAt = new Map<number, string>();
  /** The log as it was read: ids with their sequences, in order. */
  #log = new Map<string, number>();
  /** Acknowledged, and not read yet. */
  #awaited = new Set<string>();
  /** The epoch that the log has come to where it was read. */
  #epoch = 0;

  constructor(group: TestGroup) {
    this.group = group;
  }

  /** How many writes were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** A new entry for the epoch that goes on. */
  entry(kind: Sent['kind']): Sent {
    const nextKey = kind === 'commit' ? newSigner() : undefined;
    const sent = { id: newId(), kind, epoch: this.group.epoch, nextKey };
    this.#sent.set(sent.id, sent);
    return sent;
  }

  /** The relay has said that an entry is stored at this place: to its author, or to who lost against it. */
  acknowledge(id: string, sequence: number): void {
    const before = this.#acknowledged.get(id) ?? this.#log.get(id) ?? sequence;
    if (before !== sequence) this.#report('doubled', `${id} at ${before} and at ${sequence}`);
    const other = this.#acknowledgedAt.get(sequence) ?? id;
    if (other !== id) this.#report('out of sequence', `${sequence} is ${other} and is ${id}`);
    if (this.#refused.has(id)) this.#report('answered wrongly', `${id} was refused, and is acknowledged`);
    this.#acknowledged.set(id, sequence);
    this.#acknowledgedAt.set(sequence, id);
    if (!this.#log.has(id)) this.#awaited.add(id);
    this.#learn(id);
  }

  refuse(id: string): void {
    if (this.#acknowledged.has(id) || this.#log.has(id))
      this.#report('answered wrongly', `${id} is stored, and was refused`);
    this.#refused.add(id);
  }

  /** An answer that no relay may give here. */
  unexpected({ id, kind }: Sent, answer: string): void {
    this.#report('answered wrongly', `the ${kind} ${id}: ${answer}`);
  }

  /**
   * Reads what has come since, or with `whole` everything anew, and compares. What was acknowledged before must then be
   * there, and what was read before must be there still.
   */
  async compare({ whole = false } = {}): Promise<void> {
    const before = this.#log;
    if (whole) {
      this.#log = new Map();
      this.#awaited = new Set(this.#acknowledged.keys());
      this.#epoch = 0;
    }
    const due = [...this.#awaited];
    await this.#readOn();
    for (const id of due) if (!this.#log.has(id)) this.#report('lost', `${id} was acknowledged`);
    if (!whole) return;
    for (const [id, sequence] of before)
      if (this.#log.get(id) !== sequence) this.#report('lost', `${id} was read at ${sequence}`);
  }

  /** Once every write was answered, the log holds what was acknowledged and nothing else. */
  compareSize(): void {
    const [stored, acknowledged] = [this.#log.size, this.#acknowledged.size];
    if (stored === acknowledged) return;
    const about = `${stored} entries are stored, and ${acknowledged} were acknowledged`;
    this.#report(stored < acknowledged ? 'lost' : 'doubled', about);
  }

  async #readOn(): Promise<void> {
    for (let more = true; more;) {
      const epoch = this.#epoch;
      const reading = this.group.read({ epoch, cursor: this.#log.size });
      const page = await reading.catch(() => undefined);
      if (page === undefined) {
        this.#report('lost', `${this.#log.size} were read in epoch ${epoch}, now ${await codeOf(reading)}`);
        return;
      }
      for (const entry of page.entries) this.#take(entry);
      // The commit that ends an epoch gives the key with which to read on.
      more = page.more || this.#epoch > epoch;
    }
  }

  #take({ id, sequence, epoch, kind, payload }: GroupEntry): void {
    const before = this.#log.get(id);
    if (before !== undefined) this.#report('doubled', `${id} at ${before} and at ${sequence}`);
    if (sequence !== this.#log.size + 1)
      this.#report('out of sequence', `${sequence} after ${this.#log.size} entries`);
    if (epoch !== this.#epoch) this.#report('out of sequence', `${id} of epoch ${epoch} in ${this.#epoch}`);
    const sent = this.#sent.get(id);
    if (sent?.kind !== kind || sent.epoch !== epoch || payload !== toBase64Url(payloadOf(id)))
      this.#report('not as sent', id);
    if (this.#refused.has(id)) this.#report('answered wrongly', `${id} was refused, and is stored`);
    const acknowledged = this.#acknowledged.get(id) ?? sequence;
    if (acknowledged !== sequence)
      this.#report('out of sequence', `${id} was acknowledged at ${acknowledged} and stands at ${sequence}`);
    this.#log.set(id, sequence);
    this.#awaited.delete(id);
    this.#learn(id);
    if (kind === 'commit') this.#epoch += 1;
  }

  /** Members have the next key with the commit. */
  #learn(id: string): void {
    const { epoch, nextKey } = this.#sent.get(id) ?? {};
    if (nextKey !== undefined && epoch === this.group.epoch) this.group.keys.push(nextKey);
  }

  #report(what: Problem['what'], about: string): void {
    this.problems.push({ what, about });
  }
}

/** An entry's bytes, from 32 to 2,016 of them: its id, so many times. */
export function payloadOf(id: string): Uint8Array {
  return Buffer.from(id.repeat(1 + (parseInt(id.slice(0, 2), 16) % 63)));
}
