import { useEffect } from 'react';
import type { ConversationSnapshot } from '@quicprochat/react';
import type { Message } from '@quicprochat/sdk';

/** Notes as read what is on the screen: the end of the log, in a page that is in front. */
export function useMarkRead(
  snapshot: ConversationSnapshot,
  messages: readonly Message[],
  atEnd: boolean,
): void {
  const { conversation, readPosition } = snapshot;
  const last = messages.at(-1)?.position;

  useEffect(() => {
    if (!atEnd || last === undefined || last <= readPosition) return;
    const mark = () => {
      if (document.visibilityState !== 'visible') return;
      // Where it cannot be kept, the badge comes back: nothing that a person should be bothered with.
      conversation.markRead(last).catch(() => undefined);
    };
    mark();
    document.addEventListener('visibilitychange', mark);
    return () => document.removeEventListener('visibilitychange', mark);
  }, [conversation, last, readPosition, atEnd]);
}
