'use client';

import { useState } from 'react';
import { useClient, useSecurity, type ConversationSnapshot } from '@quicprochat/react';
import { Sheet } from '../../parts/sheet.tsx';
import { isolated } from '../../words/visible.ts';
import { Confirm } from '../../parts/changes/confirm.tsx';
import { WaitingChanges } from '../../parts/changes/waiting-changes.tsx';
import { titleOf } from '../../words/title.ts';
import { personStanding } from '../security/key-standing.ts';
import { AddPeople } from './add-people.tsx';
import { MemberList } from './member-list.tsx';
import { Rename } from './rename.tsx';

interface PeoplePanelProps {
  snapshot: ConversationSnapshot;
  onClose: () => void;
}

/** Who is in a conversation, and everything that changes it. */
export function PeoplePanel({ snapshot, onClose }: PeoplePanelProps) {
  const [leaving, setLeaving] = useState(false);
  const { contacts } = useClient();
  const keys = useSecurity(snapshot.id)?.members ?? [];
  const active = snapshot.state === 'active';
  return (
    <Sheet title="People" onClose={onClose}>
      <WaitingChanges conversation={snapshot.conversation} />
      {snapshot.members.length > 0 ? (
        <MemberList
          conversation={snapshot.conversation}
          members={snapshot.members}
          standingOf={(handle) => personStanding(handle, keys, contacts)}
          removable={active}
        />
      ) : (
        <p className="quiet">
          This conversation has ended on this device, so it does not know the current members.
        </p>
      )}
      {active ? (
        <>
          <AddPeople conversation={snapshot.conversation} />
          <Rename conversation={snapshot.conversation} name={snapshot.name} />
          <section>
            <h3>Leave</h3>
            <button type="button" className="button danger" onClick={() => setLeaving(true)}>
              Leave the conversation
            </button>
          </section>
        </>
      ) : null}
      {leaving ? (
        <Confirm
          conversation={snapshot.conversation}
          title={`Leave “${isolated(titleOf(snapshot))}”?`}
          text="You will no longer be able to read or send messages here. The history up to now stays on this device."
          verb="Leave"
          asked={{ kind: 'leave' }}
          work={(options) => snapshot.conversation.leave(options)}
          onClose={() => setLeaving(false)}
        />
      ) : null}
    </Sheet>
  );
}
