'use client';

import { useState } from 'react';
import type { Conversation, Member } from '@quicprochat/sdk';
import { Avatar } from '../../parts/avatar.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Name } from '../../parts/name.tsx';
import { isolated } from '../../parts/visible.ts';
import { handlesOf } from '../conversations/title.ts';
import styles from './member-list.module.css';

interface MemberListProps {
  conversation: Conversation;
  members: readonly Member[];
  removable: boolean;
}

/** The people, oneself first. */
export function MemberList({ conversation, members, removable }: MemberListProps) {
  const [removing, setRemoving] = useState<string>();
  const self = handlesOf(members.filter(({ own }) => own));
  const others = handlesOf(members).filter((handle) => !self.includes(handle));
  return (
    <section>
      <h3>In this conversation</h3>
      <ul className={styles.list}>
        {[...self, ...others].map((handle) => (
          <li key={handle} className={styles.member}>
            <Avatar name={handle} size="small" />
            <Name as="span" of={handle} className={styles.handle} />
            {self.includes(handle) ? <span className="quiet">you</span> : null}
            {removable && !self.includes(handle) ? (
              <button
                type="button"
                className="button small"
                aria-label={`Remove ${isolated(handle)}`}
                onClick={() => setRemoving(handle)}
              >
                Remove
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {removing === undefined ? null : (
        <Confirm
          title={`Remove ${isolated(removing)}?`}
          text={`${isolated(removing)} keeps what was written until now, and can read and write nothing after this.`}
          verb="Remove"
          work={() => conversation.members.remove([removing])}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </section>
  );
}
