import { useEffect, useRef, useState } from 'react';
import { countsAsUnread, type ConversationSnapshot, type MessagesSnapshot } from '@quicprochat/react';
import { isPageInSight } from './on-screen.ts';

/**
 * The position of the message that the "New" line stands above. It is the first one that was unread when the
 * conversation was opened; and if everything was read, the first one that comes while nobody looks.
 */
export function useUnreadMark(
  snapshot: ConversationSnapshot,
  loaded: Pick<MessagesSnapshot, 'messages' | 'firstUnread' | 'placing'>,
  atEnd: boolean,
): number | undefined {
  const { readPosition, unread } = snapshot;
  const { messages, firstUnread, placing } = loaded;
  const [since, setSince] = useState<{ placing: object; position: number }>();
  const wasAllRead = useRef(false);

  useEffect(() => {
    if (unread === 0) wasAllRead.current = true;
    if (unread === 0 || !wasAllRead.current) return;
    const first = messages.find((message) => message.position > readPosition && countsAsUnread(message));
    if (first === undefined) return;
    wasAllRead.current = false;
    if (!atEnd || !isPageInSight()) setSince({ placing, position: first.position });
  }, [unread, readPosition, messages, placing, atEnd]);

  // What the window found when it was placed anew is newer than what was noted before.
  return since?.placing === placing ? since.position : firstUnread;
}
