'use client';

import { useClient, useSecurity, type ConversationSnapshot } from '@quicprochat/react';
import { Icon } from '../../parts/icon.tsx';
import { isolated } from '../../parts/visible.ts';
import { handlesOf } from '../conversations/title.ts';
import styles from './identity-notice.module.css';

interface IdentityNoticeProps {
  snapshot: ConversationSnapshot;
  onReview: () => void;
}

/** Says that somebody's account key is another one than before: a new device, or somebody in between. */
export function IdentityNotice({ snapshot, onReview }: IdentityNoticeProps) {
  const { contacts } = useClient();
  const members = useSecurity(snapshot.id)?.members ?? [];
  const changed = handlesOf(members).filter((handle) => contacts.hasChanged(handle));
  return (
    <div role="alert" className={styles.place}>
      {changed.length === 0 ? null : (
        <div className={styles.notice}>
          <Icon name="alert" size={18} />
          <p>
            The identity key of {changed.map(isolated).join(', ')} is not the one seen before. Nothing is sent
            until you have compared safety numbers.
          </p>
          <button type="button" className="button small" onClick={onReview}>
            Compare
          </button>
        </div>
      )}
    </div>
  );
}
