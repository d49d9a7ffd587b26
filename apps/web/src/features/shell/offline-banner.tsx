'use client';

import { useTrouble } from '@quicprochat/react';
import { Icon } from '../../parts/icon.tsx';
import { useSettledConnection } from '../../parts/use-settled-connection.ts';
import { useRefusal } from './use-refusal.ts';
import styles from './offline-banner.module.css';

/** Says what still works while the relay cannot be reached, and what a person has to do if it does not pass by itself. */
export function OfflineBanner() {
  const offline = useSettledConnection() === 'offline';
  const trouble = useTrouble();
  const refusal = useRefusal(offline);
  return (
    <div role="status" className={styles.place}>
      {offline ? (
        <p className={styles.banner}>
          <Icon name="cloudOff" size={18} />
          <span>
            <strong>Offline.</strong>{' '}
            {trouble?.message ??
              refusal ??
              'You can read everything here. What you write is kept, and sent when the relay can be reached again.'}
          </span>
        </p>
      ) : null}
    </div>
  );
}
