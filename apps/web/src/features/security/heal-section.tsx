'use client';

import type { Conversation, Security } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useChange } from '../../parts/changes/use-change.ts';
import { duration } from '../../words/times.ts';
import { useNow } from '../../parts/use-now.ts';
import { Facts } from '../../parts/facts.tsx';
import styles from './heal-section.module.css';

interface HealSectionProps {
  conversation: Conversation;
  security: Security;
}

/** When this device last renewed its keys, and the button that does it now. */
export function HealSection({ conversation, security }: HealSectionProps) {
  const nowMs = useNow();
  const change = useChange(conversation, {
    asked: () => ({ kind: 'heal' }),
    work: (options) => conversation.heal(options),
  });
  // The clock of the hook is up to half a minute behind a renewal that has just happened.
  const sinceMs = Math.max(0, nowMs - security.lastHealedAtMs);
  return (
    <section>
      <h3>Healing</h3>
      <Facts
        facts={[['Your keys', `renewed ${duration(sinceMs)} ago, in epoch ${security.lastHealedEpoch}`]]}
      />
      <p className="hint">
        Fresh keys lock out anyone who copied the old ones. This device makes them by itself while you write.
        Do it now if somebody else had this device in their hands.
      </p>
      <Failure error={change.error} />
      <button
        type="button"
        className={`button ${styles.heal ?? ''}`}
        disabled={change.pending}
        onClick={() => void change.run()}
      >
        <Icon name="heal" size={18} />
        {change.isWaiting ? 'Waiting…' : change.pending ? 'Healing…' : 'Heal now'}
      </button>
    </section>
  );
}
