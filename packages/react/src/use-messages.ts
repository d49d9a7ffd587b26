import { useMemo, useSyncExternalStore } from 'react';
import { useClient } from './client-context.tsx';
import { EMPTY, MessageWindow, type MessagesSnapshot } from './message-window.ts';
import { useConversation } from './use-conversation.ts';

export interface Messages extends MessagesSnapshot {
  /** Widens the list by a page towards the beginning. Never rejects: a failure shows in `status`. */
  loadEarlier: () => Promise<void>;
}

/** The newest lines of a conversation, kept in step with the store. Empty while the conversation is not known. */
export function useMessages(id: string | undefined): Messages {
  const client = useClient();
  const conversation = useConversation(id)?.conversation;
  const window = useMemo(
    () => (conversation === undefined ? undefined : new MessageWindow(client, conversation)),
    [client, conversation],
  );
  const snapshot = useSyncExternalStore(
    window?.subscribe ?? subscribeToNothing,
    window?.snapshot ?? readNothing,
    readNothing,
  );
  return useMemo(
    () => ({ ...snapshot, loadEarlier: window?.loadEarlier ?? loadNothing }),
    [snapshot, window],
  );
}

const subscribeToNothing = () => () => undefined;
const readNothing = () => EMPTY;
const loadNothing = () => Promise.resolve();
