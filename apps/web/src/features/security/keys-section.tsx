'use client';

import { useClient } from '@quicprochat/react';
import type { MemberSecurity } from '@quicprochat/sdk';
import { Avatar } from '../../parts/avatar.tsx';
import { Name } from '../../parts/name.tsx';
import { counted, duration } from '../../words/times.ts';
import { KeyBadge } from './key-badge.tsx';
import { keyStanding } from './key-standing.ts';
import { SafetyNumber, type Verdict } from './safety-number.tsx';
import styles from './keys-section.module.css';

/** Every device with the age of its keys, and for each person but oneself the safety number. */
export function KeysSection({ members }: { members: readonly MemberSecurity[] }) {
  const { contacts } = useClient();
  const verdictOf = (handle: string): Verdict => {
    if (contacts.hasChanged(handle)) return 'changed';
    return contacts.isVerified(handle) ? 'verified' : 'unverified';
  };
  return (
    <section>
      <h3>Members and the age of their keys</h3>
      <ul className={styles.list}>
        {members.map((member) => (
          <li key={member.deviceId} className={styles.member}>
            <Avatar name={member.handle} size="small" />
            <div className={styles.names}>
              <Name as="strong" of={member.handle} />
              <span className={styles.age}>
                {counted(member.keyAgeEpochs, 'epoch')}, {duration(member.keyAgeMs)} old
              </span>
            </div>
            {member.own ? (
              <span className="quiet">you</span>
            ) : (
              <KeyBadge standing={keyStanding(member, contacts)} />
            )}
            {member.own ? null : <SafetyNumber handle={member.handle} verdict={verdictOf(member.handle)} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
