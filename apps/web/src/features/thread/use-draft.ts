import { useEffect, useSyncExternalStore, type RefObject } from 'react';
import type { Conversation } from '@quicprochat/sdk';
import { draftOf, type Draft } from './drafts.ts';

/**
 * The draft of a conversation and its text. `stored` is the draft in the conversation's snapshot: when it changes, another
 * tab may have written, and the text follows, unless the person is in the text box here.
 */
export function useDraft(
  conversation: Conversation,
  stored: string,
  input: RefObject<HTMLTextAreaElement | null>,
): { draft: Draft; text: string } {
  const draft = draftOf(conversation);
  const text = useSyncExternalStore(draft.subscribe, draft.text, draft.text);

  useEffect(() => {
    // The box stays the active element of a tab that is not in front.
    const isWriting = document.hasFocus() && document.activeElement === input.current;
    draft.follow({ isWriting });
  }, [draft, stored, input]);

  useEffect(() => {
    const onVisibility = () => {
      if (document.visibilityState === 'hidden') draft.flush();
    };
    // Storing takes a moment that a page no longer has after `pagehide`; before a reload it has it.
    addEventListener('beforeunload', draft.flush);
    addEventListener('pagehide', draft.flush);
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      removeEventListener('beforeunload', draft.flush);
      removeEventListener('pagehide', draft.flush);
      document.removeEventListener('visibilitychange', onVisibility);
      draft.flush();
    };
  }, [draft]);

  return { draft, text };
}
