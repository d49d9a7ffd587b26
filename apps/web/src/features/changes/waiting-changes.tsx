'use client';

import { useEffect, useSyncExternalStore } from 'react';
import type { Conversation } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useSettledConnection } from '../connection/use-settled-connection.ts';
import { changesOf, type Change } from './changes.ts';
import styles from './waiting-changes.module.css';

/** The changes that wait for the relay, each with the way to cancel it, and what became of those that were shown. */
export function WaitingChanges({ conversation }: { conversation: Conversation }) {
  const changes = changesOf(conversation);
  const list = useSyncExternalStore(changes.subscribe, changes.list, changes.list);
  const isOnline = useSettledConnection() === 'online';
  const isNew = list.some(({ isListed }) => !isListed);

  useEffect(() => {
    if (!isOnline && isNew) changes.markListed();
  }, [changes, isOnline, isNew]);

  return (
    // Each line is read out when it comes; all of them again would bury the one that is new.
    <div role="status" aria-atomic="false" className={styles.place}>
      {list
        .filter(({ isListed }) => isListed)
        .map((change) => (
          <div key={change.key} className={styles.line}>
            <Told change={change} isOnline={isOnline} />
            {change.state === 'pending' || change.state === 'cancelling' ? (
              <button type="button" className="button small" onClick={change.cancel}>
                {change.state === 'pending' ? 'Cancel' : 'Cancelling…'}
              </button>
            ) : (
              <button type="button" className="button small" onClick={() => changes.forget(change.key)}>
                Dismiss
              </button>
            )}
          </div>
        ))}
    </div>
  );
}

function Told({ change, isOnline }: { change: Change; isOnline: boolean }) {
  const { state, error, will, not } = change;
  if (state === 'failed') return <Failure error={error} />;
  const waiting = `Waiting for the relay: ${will}${isOnline ? '' : ' when the connection is back'}.`;
  return (
    <p className={styles.told}>
      <Icon name={state === 'cancelled' ? 'close' : 'clock'} size={18} />
      <span>{state === 'cancelled' ? `Cancelled: ${not}.` : waiting}</span>
    </p>
  );
}
