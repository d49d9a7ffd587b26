'use client';

import { memo } from 'react';
import type { ConversationSnapshot } from '@quicprochat/react';
import { Avatar } from '../../parts/avatar.tsx';
import { Name } from '../../parts/name.tsx';
import { previewOf } from '../../words/describe.ts';
import { addressOf } from '../../navigation/use-fragment.ts';
import { shortTime } from '../../words/times.ts';
import { titleOf } from '../../words/title.ts';
import styles from './conversation-item.module.css';

interface ConversationItemProps {
  snapshot: ConversationSnapshot;
  current: boolean;
  tabIndex: number;
  nowMs: number;
}

/** One line of the list. */
export const ConversationItem = memo(function ConversationItem(props: ConversationItemProps) {
  const { snapshot, current, tabIndex, nowMs } = props;
  const { lastMessage, unread } = snapshot;
  const title = titleOf(snapshot);
  return (
    <a
      className={styles.item}
      href={addressOf(snapshot.id)}
      data-roving={snapshot.id}
      data-ended={snapshot.state !== 'active'}
      aria-current={current ? 'page' : undefined}
      tabIndex={tabIndex}
    >
      <Avatar name={title} />
      <Name as="span" className={styles.title} of={title} />
      {lastMessage === undefined ? null : (
        <time className={styles.time} dateTime={new Date(lastMessage.receivedAtMs).toISOString()}>
          {shortTime(lastMessage.receivedAtMs, nowMs)}
        </time>
      )}
      <span className={styles.preview} dir="auto">
        {previewOf(snapshot)}
      </span>
      {unread > 0 ? (
        <span className={styles.unread}>
          {unread > 99 ? '99+' : unread}
          <span className="screen-reader"> unread</span>
        </span>
      ) : null}
    </a>
  );
});
