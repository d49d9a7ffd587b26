'use client';

import { useConversations } from '@quicprochat/react';
import { useNow } from '../../parts/use-now.ts';
import { ConversationItem } from './conversation-item.tsx';
import { useRovingFocus } from './use-roving-focus.ts';
import styles from './conversation-list.module.css';

interface ConversationListProps {
  open: string;
  onNew: () => void;
}

/** All conversations, the latest first. Up, Down, Home and End move in it, Enter opens. */
export function ConversationList({ open, onNew }: ConversationListProps) {
  const conversations = useConversations();
  const nowMs = useNow();
  const { tabIndexOf, ...handlers } = useRovingFocus(
    conversations.map(({ id }) => id),
    open,
  );

  if (conversations.length === 0) {
    return (
      <div className={styles.empty}>
        <p>No conversations yet. Start one, or wait until someone adds you to theirs.</p>
        <button type="button" className="button primary" onClick={onNew}>
          New conversation
        </button>
      </div>
    );
  }
  return (
    <ul className={styles.list} {...handlers}>
      {conversations.map((snapshot) => (
        <li key={snapshot.id}>
          <ConversationItem
            snapshot={snapshot}
            current={snapshot.id === open}
            tabIndex={tabIndexOf(snapshot.id)}
            nowMs={nowMs}
          />
        </li>
      ))}
    </ul>
  );
}
