'use client';

import type { ReactNode } from 'react';
import { useClient, useTrouble } from '@quicprochat/react';
import type { QuicprochatError } from '@quicprochat/sdk';
import { Icon } from '../../parts/icon.tsx';
import { useSettledConnection } from '../../parts/use-settled-connection.ts';
import { outdatedBy, reload } from './outdated.ts';
import { useRefusal } from './use-refusal.ts';
import styles from './offline-banner.module.css';

/** Says what still works while the relay cannot be reached, and what a person has to do if it does not pass by itself. */
export function OfflineBanner() {
  const offline = useSettledConnection() === 'offline';
  const trouble = useTrouble();
  const refusal = useRefusal(offline);
  const client = useClient();
  const tryNow = () => {
    client.reconnect();
  };
  const now = { offline, trouble, refusal, tryNow };
  return (
    <div role="status" className={styles.place}>
      {bannerFor(now)}
    </div>
  );
}

function bannerFor(now: {
  offline: boolean;
  trouble: QuicprochatError | undefined;
  refusal: string | undefined;
  tryNow: () => void;
}): ReactNode {
  const { offline, trouble, refusal, tryNow } = now;
  const outdated = outdatedBy(trouble);
  if (outdated !== undefined)
    return (
      <Banner title={outdated.title} text={outdated.text}>
        <button type="button" className="button small" onClick={reload}>
          Reload
        </button>
      </Banner>
    );
  if (!offline) return null;
  // Another try does not help before a person has done something.
  if (trouble !== undefined) return <Banner title="Offline." text={trouble.message} />;
  return (
    <Banner title="Offline." text={refusal ?? KEPT}>
      <button type="button" className="button small" onClick={tryNow}>
        Try now
      </button>
    </Banner>
  );
}

const KEPT =
  'You can read everything here. What you write is kept, and sent when the relay can be reached again.';

function Banner({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <p className={styles.banner}>
      <Icon name="cloudOff" size={18} />
      <span>
        <strong>{title}</strong> {text}
      </span>
      {children}
    </p>
  );
}
