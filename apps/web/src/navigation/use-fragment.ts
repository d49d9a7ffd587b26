import { useSyncExternalStore } from 'react';

/**
 * The part of the address after `#`: the id of the conversation that is open. It is there that "back" and bookmarks
 * work, and the one part of an address that a browser sends to nobody.
 */
export function useFragment(): string {
  return useSyncExternalStore(subscribe, read, () => '');
}

/** The address of a conversation; of the list, without one. */
export function addressOf(conversationId = ''): string {
  return `#${conversationId}`;
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

function read(): string {
  return location.hash.slice(1);
}
