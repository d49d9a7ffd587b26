'use client';

import { useCallback, useMemo, useRef, useState } from 'react';
import { useMessages, type ConversationSnapshot } from '@quicprochat/react';
import type { Message, WaitingChange } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useNow } from '../../parts/use-now.ts';
import { linesOf } from './lines.ts';
import { LogLine } from './log-line.tsx';
import { UnreadAbove } from './unread-above.tsx';
import { useHistoryLoading } from './use-history-loading.ts';
import { useLogScroll } from './use-log-scroll.ts';
import { useMarkRead } from './use-mark-read.ts';
import { useUnreadMark } from './use-unread-mark.ts';
import styles from './message-log.module.css';

/**
 * Everything said, oldest on top, beginning at the first unread message. More is loaded while scrolling. Screen readers
 * read out lines that arrive, and not those that were there before.
 */
export function MessageLog({ snapshot, self }: { snapshot: ConversationSnapshot; self: string }) {
  const history = useMessages(snapshot.id, { start: 'first-unread' });
  const { messages, status, error, hasEarlier, hasLater, placing, goTo } = history;
  const log = useRef<HTMLDivElement>(null);
  const { isLoading, load, loadNear } = useHistoryLoading(log, history);
  const goToNewest = useCallback(() => load(() => goTo('newest')), [load, goTo]);
  const [atEnd, setAtEnd] = useState(true);
  const unreadAt = useUnreadMark(snapshot, history, atEnd);
  const { toEnd, noteScroll } = useLogScroll(log, {
    ...{ messages, placing, hasLater, goToNewest },
    isMarkUnread: unreadAt !== undefined && unreadAt > snapshot.readPosition,
    newest: snapshot.lastMessage,
    onAtEnd: setAtEnd,
  });
  const { look, unreadAbove } = useMarkRead(log, snapshot, history);
  const lines = useMemo(() => linesOf(messages, { unreadAt }), [messages, unreadAt]);
  const lastSent = useMemo(() => lastSentOf(messages), [messages]);
  const { waiting } = snapshot.conversation;
  const queued = useMemo(() => queuedIn(waiting), [waiting]);
  const nowMs = useNow();
  const isBusy = isLoading || status === 'loading';
  // The button that was pressed goes away: without this the focus would go back to the top of the page.
  const move = (work: () => void) => {
    log.current?.focus({ preventScroll: true });
    work();
  };

  return (
    <div className={styles.place}>
      <UnreadAbove
        isShown={unreadAbove}
        onGo={() => move(() => load(() => goTo('first-unread')))}
        onMarkRead={() => move(() => markAllRead(snapshot))}
      />
      <div
        ref={log}
        className={styles.log}
        role="log"
        aria-label="Messages"
        aria-busy={isBusy}
        aria-live={isBusy ? 'off' : 'polite'}
        tabIndex={0}
        onScroll={() => {
          noteScroll();
          look();
          loadNear();
        }}
      >
        <div className={styles.content}>
          {hasEarlier ? (
            <More label="Show earlier messages" onClick={() => load(history.loadEarlier)} />
          ) : null}
          <Failure error={status === 'failed' ? error : undefined} />
          {status === 'ready' && messages.length === 0 ? (
            <p className={styles.empty}>No messages yet. Only the people in this conversation can read it.</p>
          ) : null}
          {lines.length === 0 ? null : (
            <ol className={styles.lines}>
              {lines.map((line) => (
                <LogLine
                  key={line.key}
                  line={line}
                  self={self}
                  nowMs={nowMs}
                  lastSent={lastSent}
                  queued={queued}
                  conversation={snapshot.conversation}
                />
              ))}
            </ol>
          )}
          {hasLater ? <More label="Show later messages" onClick={() => load(history.loadLater)} /> : null}
        </div>
      </div>
      {atEnd ? null : (
        <button
          type="button"
          className={styles.toEnd}
          onClick={() => move(toEnd)}
          aria-label="Jump to the newest message"
          title="Jump to the newest message"
        >
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

/** For those who do not scroll. Otherwise more is loaded before this comes into sight. */
function More({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button type="button" className="button small" onClick={onClick}>
      {label}
    </button>
  );
}

function markAllRead({ conversation, lastMessage }: ConversationSnapshot): void {
  // If it cannot be stored, the bar stays.
  if (lastMessage !== undefined) conversation.markRead(lastMessage.position).catch(() => undefined);
}

/** The position of the newest own message that the relay has: the one that says so. */
function lastSentOf(messages: readonly Message[]): number | undefined {
  return messages.findLast(({ own, state, content }) => own && state === 'sent' && content.type === 'text')
    ?.position;
}

/** Ids of what is still on this device only. What is being sent may take effect at any moment. */
function queuedIn(waiting: readonly WaitingChange[]): ReadonlySet<string> {
  return new Set(waiting.filter(({ state }) => state === 'queued').map(({ id }) => id));
}
