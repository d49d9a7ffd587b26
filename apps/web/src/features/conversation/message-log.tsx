'use client';

import { useMemo, useRef, useState } from 'react';
import { useMessages, type ConversationSnapshot } from '@quicprochat/react';
import type { Message } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useNow } from '../time/use-now.ts';
import { linesOf } from './lines.ts';
import { LogLine } from './log-line.tsx';
import { useLogScroll } from './use-log-scroll.ts';
import { useMarkRead } from './use-mark-read.ts';
import styles from './message-log.module.css';

/** Everything said, oldest on top. New lines are read out by screen readers; the ones that were there are not. */
export function MessageLog({ snapshot, self }: { snapshot: ConversationSnapshot; self: string }) {
  const { messages, status, error, hasEarlier, loadEarlier } = useMessages(snapshot.id);
  const [unreadAfter] = useState(() => (snapshot.unread > 0 ? snapshot.readPosition : undefined));
  const lines = useMemo(() => linesOf(messages, { unreadAfter }), [messages, unreadAfter]);
  const lastSent = useMemo(() => lastSentOf(messages), [messages]);
  const log = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd, onScroll } = useLogScroll(log, messages);
  const nowMs = useNow();
  useMarkRead(snapshot, messages, atEnd);

  return (
    <div className={styles.place}>
      <div
        ref={log}
        className={styles.log}
        role="log"
        aria-label="Messages"
        aria-busy={status === 'loading'}
        tabIndex={0}
        onScroll={onScroll}
      >
        {hasEarlier ? (
          <button type="button" className="button small" onClick={() => void loadEarlier()}>
            Show earlier messages
          </button>
        ) : null}
        <Failure error={status === 'failed' ? error : undefined} />
        {status === 'ready' && messages.length === 0 ? (
          <p className={styles.empty}>Nothing has been said yet. Only the people in here will read it.</p>
        ) : null}
        <ol className={styles.lines}>
          {lines.map((line) => (
            <LogLine
              key={line.key}
              line={line}
              self={self}
              nowMs={nowMs}
              lastSent={lastSent}
              conversation={snapshot.conversation}
            />
          ))}
        </ol>
      </div>
      {atEnd ? null : (
        <button type="button" className={styles.toEnd} onClick={toEnd} aria-label="To the newest message">
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

/** The position of the newest own message that the relay has: the one that says so. */
function lastSentOf(messages: readonly Message[]): number | undefined {
  return messages.findLast(({ own, state, content }) => own && state === 'sent' && content.type === 'text')
    ?.position;
}
