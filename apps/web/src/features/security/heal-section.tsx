'use client';

import { useAction } from '@quicprochat/react';
import type { Conversation, Security } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { duration } from '../time/times.ts';
import { useNow } from '../time/use-now.ts';
import { Facts } from './facts.tsx';
import styles from './heal-section.module.css';

interface HealSectionProps {
  conversation: Conversation;
  security: Security;
}

/** When this device last renewed its keys, and the button that does it now. */
export function HealSection({ conversation, security }: HealSectionProps) {
  const nowMs = useNow();
  const action = useAction(() => conversation.heal());
  // The clock of the hook is up to half a minute behind a renewal that has just happened.
  const sinceMs = Math.max(0, nowMs - security.lastHealedAtMs);
  return (
    <section>
      <h3>Healing</h3>
      <Facts
        facts={[['Your keys', `renewed ${duration(sinceMs)} ago, in epoch ${security.lastHealedEpoch}`]]}
      />
      <p className="hint">
        Fresh keys lock out whoever copied the old ones. It happens by itself as you write; do it now if this
        device was in other hands.
      </p>
      <Failure error={action.error} />
      <button
        type="button"
        className={`button ${styles.heal ?? ''}`}
        disabled={action.pending}
        onClick={() => void action.run()}
      >
        <Icon name="heal" size={18} />
        {action.pending ? 'Healing…' : 'Heal now'}
      </button>
    </section>
  );
}
