import { useEffect } from 'react';
import { useConversations } from '@quicprochat/react';

/** The tab tells how much is unread. */
export function usePageTitle(): void {
  const unread = useConversations().reduce((sum, conversation) => sum + conversation.unread, 0);
  useEffect(() => {
    document.title = unread === 0 ? 'quicprochat' : `(${unread}) quicprochat`;
  }, [unread]);
}
