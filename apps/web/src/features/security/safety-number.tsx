'use client';

import { useState } from 'react';
import { useAction, useClient, useSafetyNumber } from '@quicprochat/react';
import { Failure } from '../../parts/failure.tsx';
import { Name } from '../../parts/name.tsx';
import { inGroups } from './digits.ts';
import styles from './safety-number.module.css';

/** What the person has decided about the contact's account key; `changed` while another key waits for a decision. */
export type Verdict = 'verified' | 'unverified' | 'changed';

interface SafetyNumberProps {
  handle: string;
  verdict: Verdict;
}

/** The number of oneself and another, behind a fold, with what the person makes of it. */
export function SafetyNumber({ handle, verdict }: SafetyNumberProps) {
  const [open, setOpen] = useState(false);
  return (
    <details className={styles.fold} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Safety number</summary>
      {open ? <Opened handle={handle} verdict={verdict} /> : null}
    </details>
  );
}

type Decision = 'verify' | 'reject' | 'unverify';

/**
 * The person confirms the number that they have compared. If the contact's key changes meanwhile, the new number is not
 * put in its place: a click that was meant for the old one would confirm the new one.
 */
function Opened({ handle, verdict }: SafetyNumberProps) {
  const { contacts } = useClient();
  const { digits, error } = useSafetyNumber(handle);
  const [compared, setCompared] = useState<string>();
  if (compared === undefined && digits !== undefined) setCompared(digits);
  const action = useAction(async (decision: Decision, safetyNumber: string) => {
    if (decision === 'verify') await contacts.verify(handle, { safetyNumber });
    if (decision === 'unverify') await contacts.unverify(handle);
    if (decision === 'reject') {
      await contacts.reject(handle, { safetyNumber });
      // The number is that of the earlier key again, which is no news to the person who decided it.
      setCompared(undefined);
    }
  });
  const isOutdated = !action.pending && compared !== undefined && digits !== undefined && compared !== digits;
  return (
    <div className={styles.body}>
      <Failure error={error ?? action.error} />
      <div role="alert" className={styles.alert}>
        {isOutdated ? (
          <p className={styles.changed}>
            The account key of <Name of={handle} /> changed just now, and the safety number with it.
          </p>
        ) : null}
      </div>
      {isOutdated ? (
        <button type="button" className="button small" onClick={() => setCompared(digits)}>
          Show the new number
        </button>
      ) : null}
      {compared === undefined || isOutdated ? null : (
        <Comparison
          handle={handle}
          verdict={verdict}
          digits={compared}
          disabled={action.pending}
          onDecide={(decision) => void action.run(decision, compared)}
        />
      )}
    </div>
  );
}

interface ComparisonProps extends SafetyNumberProps {
  digits: string;
  disabled: boolean;
  onDecide: (decision: Decision) => void;
}

function Comparison({ handle, verdict, digits, disabled, onDecide }: ComparisonProps) {
  const button = (decision: Decision, label: string) => (
    <button type="button" className="button small" disabled={disabled} onClick={() => onDecide(decision)}>
      {label}
    </button>
  );
  return (
    <>
      {verdict === 'changed' ? (
        <p className={styles.changed}>
          The account key of <Name of={handle} /> has changed: they may have registered again, or somebody may
          be between you. This is the number of the new key.
        </p>
      ) : null}
      <p className={styles.digits}>{inGroups(digits, 5)}</p>
      <p className="hint">
        Compare it with <Name of={handle} /> face to face or on a call. If both of you see the same number,
        nobody is between you.
      </p>
      <div className={styles.buttons}>
        {verdict === 'verified'
          ? button('unverify', 'Remove the verification')
          : button('verify', 'It matches: mark as verified')}
        {verdict === 'changed' ? button('reject', 'It does not match: reject the new key') : null}
      </div>
    </>
  );
}
