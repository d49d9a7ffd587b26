'use client';

import { useConversations } from '@quicprochat/react';
import { addressOf } from '../../navigation/use-fragment.ts';
import styles from './welcome.module.css';

/** Beside the list while nothing is open, or while what the address names is not here. */
export function Welcome({ missing }: { missing: boolean }) {
  const some = useConversations().length > 0;
  return (
    <div className={styles.welcome}>
      {missing ? (
        <>
          <h2>This conversation is not on this device</h2>
          <p>
            The link may belong to another account. <a href={addressOf()}>All conversations</a>
          </p>
        </>
      ) : (
        <>
          <h2>{some ? 'Choose a conversation' : 'Start a conversation'}</h2>
          <p>
            Messages are encrypted on this device. The app renews your keys as you talk, so a stolen copy of
            them soon stops working.
          </p>
        </>
      )}
    </div>
  );
}
