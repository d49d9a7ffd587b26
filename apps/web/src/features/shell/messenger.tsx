'use client';

import { useConversation } from '@quicprochat/react';
import { OfflineBanner } from './offline-banner.tsx';
import { ConversationView } from '../thread/conversation-view.tsx';
import { Sidebar } from './sidebar.tsx';
import { Welcome } from './welcome.tsx';
import { useFragment } from '../../navigation/use-fragment.ts';
import { usePageTitle } from './use-page-title.ts';
import styles from './messenger.module.css';

/** The list at the side and the open conversation; on a narrow screen one of the two. */
export function Messenger() {
  const open = useFragment();
  const conversation = useConversation(open);
  usePageTitle();

  return (
    <div className={styles.messenger} data-open={open !== ''}>
      <a className={styles.skip} href="#main" onClick={skipToMain}>
        Skip to the conversation
      </a>
      <div className={styles.banner}>
        <OfflineBanner />
      </div>
      <Sidebar open={open} />
      <main id="main" className={styles.main} tabIndex={-1}>
        {conversation === undefined ? (
          <Welcome missing={open !== ''} />
        ) : (
          // A new one for each conversation: what is typed, loaded or open in one is no business of the next.
          <ConversationView key={conversation.id} snapshot={conversation} />
        )}
      </main>
    </div>
  );
}

/** By hand, because the fragment of this page's address names a conversation. */
function skipToMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  const composer = document.querySelector<HTMLElement>('main textarea');
  (composer ?? document.getElementById('main'))?.focus();
}
