import { LIMITS } from '@quicprochat/protocol';
import type { Place } from '../transport/events.ts';
import { GroupStream, type GroupStreamParts } from './group-stream.ts';

/**
 * Follows all groups of a client, in as many streams as the relay's limit on the groups of one requires. A group stays in
 * its stream for as long as it is followed, so that a change in one stream leaves the others alone.
 *
 * A relay also bounds the streams of one address (half of 25,000 by default). One that is refused for that (UNAVAILABLE)
 * is tried again with backoff while the others go on, and the client is not called online meanwhile. All tabs of a browser
 * together open six connections to a server that speaks HTTP/1.1 only. A tab needs two for its streams, and one more for
 * each further 500 groups: for more than two tabs, or above 2,000 groups, put the relay behind HTTP/2.
 */
export class GroupStreams {
  readonly #parts: GroupStreamParts;
  readonly #closing: AbortSignal;
  readonly #streams: GroupStream[] = [];
  #isStarted = false;

  constructor(parts: GroupStreamParts, closing: AbortSignal) {
    this.#parts = parts;
    this.#closing = closing;
  }

  /** Whether everything that is to be followed is followed. */
  get isUp(): boolean {
    return this.#isStarted && this.#streams.every(({ isUp }) => isUp);
  }

  start(): void {
    this.#isStarted = true;
    // Without groups there is one all the same, which waits for the first.
    this.#add();
    this.#distribute(this.#parts.places());
    for (const stream of this.#streams) stream.start();
  }

  /** Opens all of them anew at once. */
  restart(): void {
    for (const stream of this.#streams) stream.restart();
  }

  /** Has those that wait to be opened again be opened at once. */
  hasten(): void {
    for (const stream of this.#streams) stream.hasten();
  }

  /** Notes that something else did not get through. */
  doubt(): void {
    for (const stream of this.#streams) stream.doubt();
  }

  /** Takes over which groups there are now, and in which epochs. */
  followChanges(): void {
    if (!this.#isStarted || this.#closing.aborted) return;
    const before = new Set(this.#streams);
    const places = this.#parts.places();
    this.#distribute(places);
    for (const stream of this.#streams) {
      if (before.has(stream)) stream.followChanges(places);
      else stream.start();
    }
  }

  #distribute(places: readonly Place[]): void {
    const wanted = new Set(places.map(({ groupId }) => groupId));
    for (const stream of this.#streams) stream.keepOnly(wanted);
    for (const { groupId } of places) {
      if (this.#streams.some((stream) => stream.has(groupId))) continue;
      const withRoom = this.#streams.find(({ size }) => size < LIMITS.maxStreamGroups);
      (withRoom ?? this.#add()).assign(groupId);
    }
    this.#dropEmpty();
  }

  #add(): GroupStream {
    const stream = new GroupStream(this.#parts, this.#closing);
    this.#streams.push(stream);
    return stream;
  }

  /** All but the first, which waits for groups to come. */
  #dropEmpty(): void {
    const empty = this.#streams.slice(1).filter(({ size }) => size === 0);
    for (const stream of empty) {
      stream.stop();
      this.#streams.splice(this.#streams.indexOf(stream), 1);
    }
    if (empty.length > 0) this.#parts.onChange();
  }
}
