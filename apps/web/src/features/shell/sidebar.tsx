'use client';

import { useState } from 'react';
import { useClient } from '@quicprochat/react';
import { Avatar } from '../../parts/avatar.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Name } from '../../parts/name.tsx';
import { AccountDialog } from '../settings/account-dialog.tsx';
import { AccountNews } from '../settings/account-news.tsx';
import { ConnectionState } from '../../parts/connection-state.tsx';
import { ThemeToggle } from '../settings/theme-toggle.tsx';
import { ConversationList } from '../chats/conversation-list.tsx';
import { NewConversation } from '../chats/new-conversation.tsx';
import styles from './sidebar.module.css';

/** Whose account this is, and its conversations. */
export function Sidebar({ open }: { open: string }) {
  const { handle } = useClient();
  const [dialog, setDialog] = useState<'account' | 'new'>();
  const close = () => setDialog(undefined);
  return (
    <nav className={styles.sidebar} aria-label="Conversations">
      <header className={styles.header}>
        <button
          type="button"
          className={styles.account}
          aria-label="Your account"
          title="Your account"
          onClick={() => setDialog('account')}
        >
          <Avatar name={handle} />
        </button>
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
          onClick={() => setDialog('new')}
        >
          <Icon name="plus" />
        </button>
      </header>
      <ConversationList open={open} onNew={() => setDialog('new')} />
      <AccountNews />
      {dialog === 'new' ? <NewConversation onClose={close} /> : null}
      {dialog === 'account' ? <AccountDialog onClose={close} /> : null}
    </nav>
  );
}
