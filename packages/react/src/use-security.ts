import { useEffect, useMemo, useReducer } from 'react';
import type { Security } from '@quicprochat/sdk';
import { useClient } from './client-context.tsx';
import { useConversation } from './use-conversation.ts';

/** How often the ages of keys are read again while nothing else changes. */
const AGES_MS = 30_000;

/**
 * Returns the state of a conversation's keys: the epoch, the suite, when each member last healed and who is verified. The
 * hook reads it again after every change of the client and every half minute, because ages grow without a change.
 */
export function useSecurity(id: string | undefined): Security | undefined {
  const client = useClient();
  const snapshot = useConversation(id);
  // Not useSyncExternalStore: each read tells other ages, so a snapshot by comparison would never be stable.
  const [revision, reread] = useReducer((count: number) => count + 1, 0);

  useEffect(() => {
    const unsubscribe = client.subscribe(reread);
    const timer = setInterval(reread, AGES_MS);
    // What changed between rendering and subscribing.
    reread();
    return () => {
      unsubscribe();
      clearInterval(timer);
    };
  }, [client]);

  // The revision is what makes this read again: `security` tells the present, whatever the snapshot was taken of.
  return useMemo(() => snapshot?.conversation.security, [snapshot, revision]);
}
