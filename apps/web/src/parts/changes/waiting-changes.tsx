'use client';

import { useEffect, useSyncExternalStore } from 'react';
import type { Conversation } from '@quicprochat/sdk';
import { Failure } from '../failure.tsx';
import { Icon, type IconName } from '../icon.tsx';
import { useSettledConnection } from '../use-settled-connection.ts';
import { changesOf, type Change } from './changes.ts';
import { isSame, wordsOf, type Asked } from '../../words/changes.ts';
import styles from './waiting-changes.module.css';

/** The changes that wait for the relay, each with the way to cancel it, and what became of those that were shown. */
export function WaitingChanges({ conversation }: { conversation: Conversation }) {
  const changes = changesOf(conversation);
  const list = useSyncExternalStore(changes.subscribe, changes.list, changes.list);
  const isOnline = useSettledConnection() === 'online';
  const elsewhere = isOnline ? [] : askedElsewhere(conversation, list);
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
            <ToldChange change={change} isOnline={isOnline} />
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
      {elsewhere.map(({ id, ...asked }) => (
        <div key={id} className={styles.line}>
          <Line icon="clock" text={`Waiting for the relay: ${wordsOf(asked).will}${WHEN_BACK}.`} />
        </div>
      ))}
    </div>
  );
}

const WHEN_BACK = ' when the connection is back';

type Waiting = Asked & { id: string };

/** As the SDK tells it. A message that waits says so itself. */
interface Told {
  id: string;
  kind: Asked['kind'] | 'message';
  handles?: readonly string[];
}

/**
 * What waits since before this page was loaded, or was asked for in another tab. Only the call that asked for a change
 * can cancel it, so there is no button.
 */
function askedElsewhere(
  { waiting = [] }: { readonly id: string; readonly waiting?: readonly Told[] },
  here: readonly Change[],
): Waiting[] {
  const left = here.filter(({ state }) => state === 'pending' || state === 'cancelling');
  return waiting.flatMap(({ id, kind, handles = [] }) => {
    if (kind === 'message') return [];
    const same = left.findIndex(({ asked }) => isSame(asked, { kind, handles }));
    if (same < 0) return { id, kind, handles };
    left.splice(same, 1);
    return [];
  });
}

function ToldChange({ change, isOnline }: { change: Change; isOnline: boolean }) {
  const { state, error, asked } = change;
  const { will, not } = wordsOf(asked);
  if (state === 'failed') return <Failure error={error} />;
  if (state === 'cancelled') return <Line icon="close" text={`Cancelled: ${not}.`} />;
  return <Line icon="clock" text={`Waiting for the relay: ${will}${isOnline ? '' : WHEN_BACK}.`} />;
}

function Line({ icon, text }: { icon: IconName; text: string }) {
  return (
    <p className={styles.told}>
      <Icon name={icon} size={18} />
      <span>{text}</span>
    </p>
  );
}
