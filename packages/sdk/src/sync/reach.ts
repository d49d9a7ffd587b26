import { QuicprochatError } from '../model/errors.ts';
import { isOutOfReach } from '../transport/relay-errors.ts';

/**
 * Whether the relay can be reached and serves this version, as far as the client knows: it is away if the client has no
 * stream for its inbox and its last call, if there was one, did not get through. While the stream is being opened again,
 * calls tell first that this has changed.
 */
export class Reach {
  readonly #isStreamUp: () => boolean;
  readonly #onBack: () => void;
  #hasContact = false;
  #wasAway = true;

  /** @param parts `onBack` is called each time the relay can be reached again */
  constructor(parts: { isStreamUp: () => boolean; onBack: () => void }) {
    this.#isStreamUp = parts.isStreamUp;
    this.#onBack = parts.onBack;
  }

  get isAway(): boolean {
    return !this.#isStreamUp() && !this.#hasContact;
  }

  /** Notes whether a call reached the relay, whatever that answered. */
  note(reached: boolean): void {
    this.#hasContact = reached;
    this.look();
  }

  /** Notes why the stream broke: with an error, or because the system said that the network is gone. */
  lost(error?: unknown): void {
    // What the relay refuses, or a fault of our own, is no sign that it cannot be reached.
    if (!(error instanceof QuicprochatError) || isOutOfReach(error)) this.#hasContact = false;
    this.look();
  }

  /** Looks again, after the stream opened or broke. */
  look(): void {
    const { isAway } = this;
    const isBack = this.#wasAway && !isAway;
    this.#wasAway = isAway;
    if (isBack) this.#onBack();
  }
}
