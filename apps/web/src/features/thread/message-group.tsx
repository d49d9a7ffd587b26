'use client';

import type { Conversation } from '@quicprochat/sdk';
import { Avatar } from '../../parts/avatar.tsx';
import { Name } from '../../parts/name.tsx';
import { clockTime } from '../../words/times.ts';
import { Bubble } from './bubble.tsx';
import type { Line } from './lines.ts';
import { sendsOf } from './sends.ts';
import styles from './message-group.module.css';

interface MessageGroupProps {
  group: Extract<Line, { kind: 'group' }>;
  lastSent: number | undefined;
  /** Ids of the messages of which nothing was sent yet. */
  queued: ReadonlySet<string>;
  conversation: Conversation;
}

/** What one person said in one breath. */
export function MessageGroup({ group, lastSent, queued, conversation }: MessageGroupProps) {
  const last = group.messages.at(-1);
  return (
    <div className={styles.group} data-own={group.own}>
      {group.own ? null : <Avatar name={group.from} size="small" />}
      <div className={styles.messages}>
        <p className={group.own ? 'screen-reader' : styles.from}>
          {group.own ? 'You' : <Name of={group.from} />}
        </p>
        {group.messages.map(({ message }) => (
          <Bubble
            key={message.position}
            message={message}
            showSent={message.position === lastSent}
            cancel={queued.has(message.id) ? sendsOf(conversation).cancelOf(message) : undefined}
            conversation={conversation}
          />
        ))}
        {last === undefined ? null : (
          <time className={styles.time} dateTime={new Date(last.atMs).toISOString()}>
            {clockTime(last.atMs)}
          </time>
        )}
      </div>
    </div>
  );
}
