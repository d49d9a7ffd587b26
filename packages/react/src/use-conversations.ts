import { useCallback, useSyncExternalStore } from 'react';
import { useClient } from './client-context.tsx';
import { snapshotsOf, type ConversationSnapshot } from './conversation-snapshot.ts';
import { useSubscribe } from './use-connection.ts';

/** Returns all conversations, latest activity first. */
export function useConversations(): readonly ConversationSnapshot[] {
  const client = useClient();
  const read = useCallback(() => snapshotsOf(client.conversations.list()), [client]);
  return useSyncExternalStore(useSubscribe(client), read, read);
}
