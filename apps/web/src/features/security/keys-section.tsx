'use client';

import { useClient } from '@quicprochat/react';
import type { MemberSecurity } from '@quicprochat/sdk';
import { Avatar } from '../../parts/avatar.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Name } from '../../parts/name.tsx';
import { counted, duration } from '../time/times.ts';
import { SafetyNumber } from './safety-number.tsx';
import styles from './keys-section.module.css';

/** Every device with the age of its keys, and for each person but oneself the safety number. */
export function KeysSection({ members }: { members: readonly MemberSecurity[] }) {
  const { contacts } = useClient();
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
            {member.own ? <span className="quiet">you</span> : <Verdict verified={member.verified} />}
            {member.own ? null : (
              <SafetyNumber
                // A changed key has another number: it is asked for again.
                key={String(contacts.hasChanged(member.handle))}
                handle={member.handle}
                verified={member.verified}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Verdict({ verified }: { verified: boolean }) {
  if (!verified) return <span className="quiet">not verified</span>;
  return (
    <span className={styles.verified}>
      <Icon name="shield" size={16} /> verified
    </span>
  );
}
