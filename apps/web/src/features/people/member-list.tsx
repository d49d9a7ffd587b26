'use client';

import { useState } from 'react';
import { isolated, type Conversation, type Member } from '@quicprochat/sdk';
import { Avatar } from '../../parts/avatar.tsx';
import { Name } from '../../parts/name.tsx';
import { Confirm } from '../../parts/changes/confirm.tsx';
import { handlesOf } from '../../words/title.ts';
import { KeyBadge } from '../security/key-badge.tsx';
import type { KeyStanding } from '../security/key-standing.ts';
import styles from './member-list.module.css';

interface MemberListProps {
  conversation: Conversation;
  members: readonly Member[];
  /** What is known of the account key that somebody uses here. */
  standingOf: (handle: string) => KeyStanding | undefined;
  removable: boolean;
}

/** The people, oneself first. */
export function MemberList({ conversation, members, standingOf, removable }: MemberListProps) {
  const [removing, setRemoving] = useState<string>();
  const self = handlesOf(members.filter(({ own }) => own));
  const others = handlesOf(members).filter((handle) => !self.includes(handle));
  const going = beingRemoved(conversation);
  return (
    <section>
      <h3>In this conversation</h3>
      <ul className={styles.list}>
        {[...self, ...others].map((handle) => (
          <li key={handle} className={styles.member}>
            <Avatar name={handle} size="small" />
            <Name as="span" of={handle} className={styles.handle} />
            {self.includes(handle) ? (
              <span className="quiet">you</span>
            ) : (
              <Badge standing={standingOf(handle)} />
            )}
            {removable && !self.includes(handle) ? (
              <button
                type="button"
                className="button small"
                aria-label={`${going.has(handle) ? 'Removing' : 'Remove'} ${isolated(handle)}`}
                // Asked for once more, it would be queued twice, and cancelling one would leave the other.
                disabled={going.has(handle)}
                onClick={() => setRemoving(handle)}
              >
                {going.has(handle) ? 'Removing…' : 'Remove'}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {removing === undefined ? null : (
        <Confirm
          conversation={conversation}
          title={`Remove ${isolated(removing)}?`}
          text={`${isolated(removing)} keeps the messages received up to now, and can no longer read or send messages here.`}
          verb="Remove"
          asked={{ kind: 'remove', handles: [removing] }}
          work={(options) => conversation.members.remove([removing], options)}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </section>
  );
}

/** Says what is worth knowing. That somebody is not verified is the rule, and would crowd the list. */
function Badge({ standing }: { standing: KeyStanding | undefined }) {
  return standing === undefined || standing === 'unverified' ? null : <KeyBadge standing={standing} />;
}

/** Those whose removal waits for the relay already. */
function beingRemoved({ waiting }: Conversation): ReadonlySet<string> {
  return new Set(waiting.flatMap(({ kind, handles = [] }) => (kind === 'remove' ? handles : [])));
}
