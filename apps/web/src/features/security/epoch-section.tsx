'use client';

import { useState } from 'react';
import type { Security } from '@quicprochat/sdk';
import { Facts } from '../../parts/facts.tsx';
import { inGroups } from './digits.ts';
import styles from './epoch-section.module.css';

/** The state that all members share, with the value that shows whether they do. */
export function EpochSection({ security }: { security: Security }) {
  const { epoch, epochAuthenticator } = security;
  return (
    <section>
      <h3>State of the group</h3>
      <Facts facts={[['Epoch', String(epoch)]]} />
      {epochAuthenticator === '' ? (
        <p className="hint">The keys of this conversation are no longer on this device.</p>
      ) : (
        <>
          <p className={styles.authenticator} data-testid="epoch-authenticator">
            {inGroups(epochAuthenticator, 4)}
          </p>
          <p className="hint">
            The epoch authenticator. Everyone in the same epoch sees the same value; where somebody’s differs,
            the group was split.
          </p>
          <Copy text={epochAuthenticator} />
        </>
      )}
    </section>
  );
}

function Copy({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      className={`button small ${styles.copy ?? ''}`}
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => setDone(true),
          // Not allowed here: the value stands there to be selected by hand.
          () => setDone(false),
        );
      }}
    >
      {done ? 'Copied' : 'Copy'}
    </button>
  );
}
