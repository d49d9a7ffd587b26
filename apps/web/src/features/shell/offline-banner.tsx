'use client';

import { useClockError } from '@quicprochat/react';
import { Icon } from '../../parts/icon.tsx';
import { useSettledConnection } from '../../parts/use-settled-connection.ts';
import { useRefusal } from './use-refusal.ts';
import styles from './offline-banner.module.css';

/** Says what still works while the relay cannot be reached, and what is wrong if it is this device's clock or the relay's settings. */
export function OfflineBanner() {
  const offline = useSettledConnection() === 'offline';
  const clockError = useClockError();
  const refusal = useRefusal(offline);
  return (
    <div role="status" className={styles.place}>
      {offline ? (
        <p className={styles.banner}>
          <Icon name="cloudOff" size={18} />
          <span>
            <strong>Offline.</strong>{' '}
            {clockError?.message ??
              refusal ??
              'You can read everything here. What you write is kept, and sent when the relay can be reached again.'}
          </span>
        </p>
      ) : null}
    </div>
  );
}
