'use client';

import type { Conversation } from '@quicprochat/sdk';
import { Icon } from '../../parts/icon.tsx';
import { dayName } from '../../words/times.ts';
import { describe, describeHealed } from '../../words/describe.ts';
import type { Line } from './lines.ts';
import { MessageGroup } from './message-group.tsx';
import styles from './log-line.module.css';

interface LogLineProps {
  line: Line;
  self: string;
  nowMs: number;
  lastSent: number | undefined;
  queued: ReadonlySet<string>;
  conversation: Conversation;
}

/** Notices about something that should not be. */
const ALARMING = ['undecryptable', 'copied'];

/** One line of the log, of whichever kind. */
export function LogLine({ line, self, nowMs, lastSent, queued, conversation }: LogLineProps) {
  switch (line.kind) {
    case 'day':
      return (
        <li className={styles.day}>
          <span>{dayName(line.atMs, nowMs)}</span>
        </li>
      );
    case 'unread':
      return (
        <li className={styles.unread} data-line="unread">
          <span>New</span>
        </li>
      );
    case 'group':
      return (
        <li>
          <MessageGroup group={line} lastSent={lastSent} queued={queued} conversation={conversation} />
        </li>
      );
    case 'notice':
      return (
        <li className={styles.notice} data-content={line.notice.content.type} data-position={line.position}>
          {ALARMING.includes(line.notice.content.type) ? <Icon name="alert" size={16} /> : null}
          <span dir="auto">{describe(line.notice, self)}</span>
        </li>
      );
    case 'healed':
      return (
        <li className={styles.notice} data-content="healed">
          <Icon name="heal" size={14} />
          <span>{describeHealed(line.handles, self)}</span>
        </li>
      );
  }
}
