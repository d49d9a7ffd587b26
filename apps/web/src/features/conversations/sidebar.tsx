'use client';

import { useState } from 'react';
import { useClient } from '@quicprochat/react';
import { Avatar } from '../../parts/avatar.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Name } from '../../parts/name.tsx';
import { ConnectionState } from '../connection/connection-state.tsx';
import { ThemeToggle } from '../theme/theme-toggle.tsx';
import { ConversationList } from './conversation-list.tsx';
import { NewConversation } from './new-conversation.tsx';
import styles from './sidebar.module.css';

/** Whose account this is, and its conversations. */
export function Sidebar({ open }: { open: string }) {
  const { handle } = useClient();
  const [making, setMaking] = useState(false);
  return (
    <nav className={styles.sidebar} aria-label="Conversations">
      <header className={styles.header}>
        <Avatar name={handle} />
        <div className={styles.own}>
          <Name as="strong" of={handle} />
          <ConnectionState />
        </div>
        <ThemeToggle />
        <button
          type="button"
          className="button icon"
          aria-label="New conversation"
          title="New conversation"
          onClick={() => setMaking(true)}
        >
          <Icon name="plus" />
        </button>
      </header>
      <ConversationList open={open} onNew={() => setMaking(true)} />
      {making ? <NewConversation onClose={() => setMaking(false)} /> : null}
    </nav>
  );
}
