'use client';

import { useSettledConnection } from './use-settled-connection.ts';
import styles from './connection-state.module.css';

const WORDS = {
  connecting: 'Connecting…',
  online: 'Connected',
  offline: 'Offline',
  closed: 'Closed',
} as const;

/** The connection in a word, with a dot. */
export function ConnectionState() {
  const connection = useSettledConnection();
  return (
    <span className={styles.state} data-connection={connection}>
      {WORDS[connection]}
    </span>
  );
}
