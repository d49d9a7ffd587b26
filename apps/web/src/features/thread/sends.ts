import type { Conversation, Message, SentMessage } from '@quicprochat/sdk';
import { isAbort } from '../../words/failures.ts';

/** Cancels a message that waits. Rejects if it was too late, or if it could not be cancelled. */
export type Cancel = () => Promise<void>;

/** One call of `send`, from its beginning until the relay has the message. */
interface Sending {
  readonly text: string;
  /** When the call began, by the clock that the message's own time comes from: its first and its last moment. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly cancel: Cancel;
}

/**
 * The messages of one conversation that were sent from this page and still wait. Only the call that sent a message can
 * cancel it, and the call names its message only at its end. So a call and its line in the history are brought together
 * by text and time. For a message from another tab, or from before the page was loaded, there is no call.
 */
export class Sends {
  readonly #conversation: Conversation;
  readonly #running = new Set<Sending>();

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** Sends a text as `Conversation.send` does. Undefined if it was cancelled with {@link cancelOf}. */
  async send(text: string): Promise<SentMessage | undefined> {
    const controller = new AbortController();
    const fromMs = Date.now();
    const done = this.#conversation.send(text, { signal: controller.signal }).catch(undefinedIfCancelled);
    const sending: Sending = {
      ...{ text, fromMs, untilMs: Date.now() },
      cancel: async () => {
        controller.abort();
        await done;
      },
    };
    this.#running.add(sending);
    try {
      return await done;
    } finally {
      this.#running.delete(sending);
    }
  }

  /** How to cancel a message. The same function for as long as it waits; undefined if it cannot be cancelled here. */
  cancelOf({ own, state, sentAtMs, content }: Message): Cancel | undefined {
    if (!own || state !== 'queued' || content.type !== 'text') return undefined;
    const found = [...this.#running].find(
      ({ text, fromMs, untilMs }) => text === content.text && fromMs <= sentAtMs && sentAtMs <= untilMs,
    );
    return found?.cancel;
  }
}

const known = new WeakMap<Conversation, Sends>();

/** What is being sent in a conversation, for as long as the page lives. */
export function sendsOf(conversation: Conversation): Sends {
  const sends = known.get(conversation) ?? new Sends(conversation);
  known.set(conversation, sends);
  return sends;
}

function undefinedIfCancelled(error: unknown): undefined {
  if (isAbort(error)) return undefined;
  throw error;
}
