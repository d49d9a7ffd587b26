'use client';

import { useState } from 'react';
import { useAction, useClient, useSafetyNumber } from '@quicprochat/react';
import { Failure } from '../../parts/failure.tsx';
import { Name } from '../../parts/name.tsx';
import { inGroups } from './digits.ts';
import styles from './safety-number.module.css';

interface SafetyNumberProps {
  handle: string;
  verified: boolean;
}

/** The number of oneself and another, behind a fold, with what the person makes of it. */
export function SafetyNumber({ handle, verified }: SafetyNumberProps) {
  const [open, setOpen] = useState(false);
  return (
    <details className={styles.fold} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Safety number</summary>
      {open ? <Opened handle={handle} verified={verified} /> : null}
    </details>
  );
}

function Opened({ handle, verified }: SafetyNumberProps) {
  const { contacts } = useClient();
  const { digits, error } = useSafetyNumber(handle);
  const verdict = useAction(() => contacts.verify(handle, !verified));
  return (
    <div className={styles.body}>
      <Failure error={error ?? verdict.error} />
      {digits === undefined ? null : (
        <>
          <p className={styles.digits}>{inGroups(digits, 5)}</p>
          <p className="hint">
            Compare it with <Name of={handle} /> face to face or on a call. If both see the same number,
            nobody sits between you.
          </p>
          <button
            type="button"
            className="button small"
            disabled={verdict.pending}
            onClick={() => void verdict.run()}
          >
            {verified ? 'Take the mark away' : 'It matches: mark as verified'}
          </button>
        </>
      )}
    </div>
  );
}
