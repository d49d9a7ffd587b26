import { QuicprochatError, type Conversation } from '@quicprochat/sdk';
import { forgetDraft, keepDraft, keptDraft } from './kept-drafts.ts';

/** A draft is stored after this long without a key press, and after the second time at the latest. */
const PAUSE_MS = 400;
const AT_MOST_MS = 2_000;

type DraftHolder = Pick<Conversation, 'id' | 'draft' | 'setDraft'>;

const drafts = new WeakMap<Conversation, Draft>();

/** The draft of a conversation in this tab: one object, so that going away and coming back finds what is being stored. */
export function draftOf(conversation: Conversation): Draft {
  const known = drafts.get(conversation);
  if (known !== undefined) return known;
  const draft = new Draft(conversation);
  drafts.set(conversation, draft);
  return draft;
}

/**
 * What a person is writing: in memory at once, in the SDK's store soon after. Once a newer version has taken that store over,
 * the text is kept in the tab instead, and the page that is loaded then takes it into the store.
 */
export class Draft {
  readonly #conversation: DraftHolder;
  readonly #listeners = new Set<() => void>();
  #text: string;
  /** What this tab stored last, or took over from the store. */
  #stored: string;
  #isChanged = false;
  /** Whether the tab keeps the text, too. */
  #isKept = false;
  /** Whether the store takes it no more. */
  #isStoreGone = false;
  #saving = 0;
  #lastSave: Promise<void> = Promise.resolve();
  #pause: ReturnType<typeof setTimeout> | undefined;
  #latest: ReturnType<typeof setTimeout> | undefined;

  constructor(conversation: DraftHolder) {
    this.#conversation = conversation;
    this.#text = this.#stored = conversation.draft;
    const kept = keptDraft(conversation.id);
    if (kept === undefined) return;
    this.#isKept = true;
    this.#text = kept;
    this.#isChanged = true;
    this.#saveSoon();
  }

  readonly text = (): string => this.#text;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  write(text: string): void {
    if (text === this.#text) return;
    this.#isChanged = true;
    this.#show(text);
    // At once: the page may be reloaded at any moment.
    if (this.#isStoreGone) this.#keep(text);
    else this.#saveSoon();
  }

  /** Stores at once what is not stored yet. Saves follow each other, so that the last one written is the last one stored. */
  readonly flush = (): void => {
    clearTimeout(this.#pause);
    clearTimeout(this.#latest);
    this.#latest = undefined;
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#saving++;
    this.#lastSave = this.#lastSave.then(() => this.#save()).finally(() => this.#saving--);
  };

  /** Takes over what another tab has stored, unless somebody is writing here: then the last writer wins. */
  follow({ isWriting }: { isWriting: boolean }): void {
    const stored = this.#conversation.draft;
    if (stored === this.#stored || isWriting || this.#isChanged || this.#saving > 0) return;
    this.#stored = stored;
    this.#show(stored);
  }

  async #save(): Promise<void> {
    const text = this.#text;
    this.#stored = text;
    try {
      await this.#conversation.setDraft(text);
      if (this.#isKept) forgetDraft(this.#conversation.id);
      this.#isKept = false;
    } catch (error) {
      if (error instanceof QuicprochatError && error.code === 'STORE_VERSION') {
        this.#isStoreGone = true;
        return this.#keep(this.#text);
      }
      // Too long, or the conversation has ended: trying again would not help, and sending says so.
      if (error instanceof QuicprochatError && !error.retryable) return;
      this.#isChanged = true;
      this.#latest ??= setTimeout(this.flush, AT_MOST_MS);
    }
  }

  #keep(text: string): void {
    this.#isKept = true;
    keepDraft(this.#conversation.id, text);
  }

  #saveSoon(): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(this.flush, PAUSE_MS);
    this.#latest ??= setTimeout(this.flush, AT_MOST_MS);
  }

  #show(text: string): void {
    this.#text = text;
    for (const listener of this.#listeners) listener();
  }
}
