import { useMemo, useSyncExternalStore } from 'react';
import { useClient } from './client-context.tsx';
import { EMPTY, MessageWindow, type MessagesSnapshot, type WindowPlace } from './message-window.ts';
import { useConversation } from './use-conversation.ts';

export interface Messages extends MessagesSnapshot {
  /** Loads one more page towards the beginning. Never rejects: a failure shows in `status`. */
  loadEarlier: () => Promise<void>;
  /** Loads one more page towards the end. Never rejects. */
  loadLater: () => Promise<void>;
  /** Loads another part: the newest messages, or those around the first unread one. Never rejects. */
  goTo: (place: WindowPlace) => Promise<void>;
}

/**
 * Returns a part of a conversation's history and keeps it in step with the store. It starts at the newest message, or
 * around the first unread one. Empty while the conversation is not known.
 */
export function useMessages(id: string | undefined, options: { start?: WindowPlace } = {}): Messages {
  const client = useClient();
  const conversation = useConversation(id)?.conversation;
  const { start } = options;
  const window = useMemo(
    () => (conversation === undefined ? undefined : new MessageWindow(client, conversation, { start })),
    [client, conversation, start],
  );
  const snapshot = useSyncExternalStore(
    window?.subscribe ?? subscribeToNothing,
    window?.snapshot ?? readNothing,
    readNothing,
  );
  return useMemo(() => {
    const { loadEarlier, loadLater, goTo } = window ?? NOTHING;
    return { ...snapshot, loadEarlier, loadLater, goTo };
  }, [snapshot, window]);
}

const subscribeToNothing = () => () => undefined;
const readNothing = () => EMPTY;
const loadNothing = () => Promise.resolve();
const NOTHING = { loadEarlier: loadNothing, loadLater: loadNothing, goTo: loadNothing };
