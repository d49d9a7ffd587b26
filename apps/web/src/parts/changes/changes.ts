import type { Conversation } from '@quicprochat/sdk';
import type { Asked } from '../../words/changes.ts';
import { isAbort } from '../../words/failures.ts';

/** A change that has not been settled, or whose outcome nobody has taken note of yet. */
export interface Change {
  readonly key: number;
  readonly asked: Asked;
  readonly state: 'pending' | 'cancelling' | 'cancelled' | 'failed';
  /** Whether the list has shown it: then its outcome is shown there too. */
  readonly isListed: boolean;
  readonly error: unknown;
  readonly cancel: () => void;
}

type Work<T> = (options: { signal: AbortSignal }) => Promise<T>;

/**
 * The changes of one conversation that were asked for in this page. They outlive the dialog or form that began them:
 * without a connection a change waits, and whoever asked for it must be able to see that, and to cancel it.
 */
export class Changes {
  readonly #listeners = new Set<() => void>();
  #list: readonly Change[] = [];
  #nextKey = 1;

  readonly list = (): readonly Change[] => this.#list;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Does the work and lists it until it is settled. `done` rejects as the work does: with an AbortError if cancelled. */
  start<T>(asked: Asked, work: Work<T>): { done: Promise<T>; cancel: () => void } {
    const controller = new AbortController();
    const key = this.#nextKey++;
    const cancel = () => {
      this.forgetCancelled();
      this.#edit(key, { state: 'cancelling' });
      controller.abort();
    };
    this.forgetCancelled();
    this.#set([...this.#list, { asked, key, cancel, state: 'pending', isListed: false, error: undefined }]);
    return { done: this.#follow(key, work({ signal: controller.signal })), cancel };
  }

  /** Notes that all that is pending now is shown as waiting. */
  markListed(): void {
    if (this.#list.every(({ isListed }) => isListed)) return;
    this.#set(this.#list.map((change) => ({ ...change, isListed: true })));
  }

  /** Takes one off the list. */
  forget(key: number): void {
    this.#set(this.#list.filter((change) => change.key !== key));
  }

  /**
   * Takes off the list what was cancelled. It is no news any more once the person has gone on to something else. A
   * failure stays until somebody has taken note of it.
   */
  forgetCancelled(): void {
    if (this.#list.some(({ state }) => state === 'cancelled'))
      this.#set(this.#list.filter(({ state }) => state !== 'cancelled'));
  }

  /** Whether the list shows this failure, so that it is not shown a second time where the change began. */
  shows(error: unknown): boolean {
    return error !== undefined && this.#list.some((change) => change.error === error);
  }

  async #follow<T>(key: number, work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      this.forget(key);
      return result;
    } catch (error) {
      this.#settle(key, isAbort(error) ? { state: 'cancelled' } : { state: 'failed', error });
      throw error;
    }
  }

  #settle(key: number, outcome: Partial<Change>): void {
    const isListed = this.#list.find((change) => change.key === key)?.isListed === true;
    if (isListed) this.#edit(key, outcome);
    else this.forget(key);
  }

  #edit(key: number, changes: Partial<Change>): void {
    this.#set(this.#list.map((change) => (change.key === key ? { ...change, ...changes } : change)));
  }

  #set(list: readonly Change[]): void {
    this.#list = list;
    for (const listener of this.#listeners) listener();
  }
}

const known = new WeakMap<Conversation, Changes>();

/** The changes of a conversation, for as long as the page lives. */
export function changesOf(conversation: Conversation): Changes {
  const changes = known.get(conversation) ?? new Changes();
  known.set(conversation, changes);
  return changes;
}
