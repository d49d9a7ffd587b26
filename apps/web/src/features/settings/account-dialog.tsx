'use client';

import { useAction, useClient } from '@quicprochat/react';
import { Modal } from '../../parts/modal.tsx';
import { Facts } from '../../parts/facts.tsx';
import { askToKeep, useKeeping } from './keeping.ts';
import { LivesHere } from './lives-here.tsx';
import styles from './account-dialog.module.css';

/** Whose account this is, where it is kept, and how safely. */
export function AccountDialog({ onClose }: { onClose: () => void }) {
  const { handle, relay } = useClient();
  const { keeping } = useKeeping();
  const asking = useAction(() => askToKeep({ isNews: false }));
  return (
    <Modal title="Your account" onClose={onClose}>
      <Facts
        facts={[
          ['Handle', handle],
          ['Relay', relay],
        ]}
      />
      <div role="status" className={styles.kept}>
        <LivesHere keeping={keeping} />
      </div>
      <div className={styles.buttons}>
        {keeping === 'not-kept' ? (
          <button
            type="button"
            className="button"
            disabled={asking.pending}
            onClick={() => void asking.run()}
          >
            Ask the browser to keep it
          </button>
        ) : null}
        <button type="button" className="button primary" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}
