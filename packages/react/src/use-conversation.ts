import { useCallback, useSyncExternalStore } from 'react';
import { useClient } from './client-context.tsx';
import { snapshotOf, type ConversationSnapshot } from './conversation-snapshot.ts';
import { useSubscribe } from './use-connection.ts';

/**
 * Returns the conversation with this id, or undefined while there is none. It looks up ids only, never names: an id often
 * comes from a URL, and a name must not be able to take its place.
 */
export function useConversation(id: string | undefined): ConversationSnapshot | undefined {
  const client = useClient();
  const read = useCallback(() => {
    const found = client.conversations.list().find((conversation) => conversation.id === id);
    return found && snapshotOf(found);
  }, [client, id]);
  return useSyncExternalStore(useSubscribe(client), read, read);
}
