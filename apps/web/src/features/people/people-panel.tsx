'use client';

import { useState } from 'react';
import type { ConversationSnapshot } from '@quicprochat/react';
import { Confirm } from '../../parts/confirm.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { isolated } from '../../parts/visible.ts';
import { titleOf } from '../conversations/title.ts';
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
  const active = snapshot.state === 'active';
  return (
    <Sheet title="People" onClose={onClose}>
      {snapshot.members.length > 0 ? (
        <MemberList conversation={snapshot.conversation} members={snapshot.members} removable={active} />
      ) : (
        <p className="quiet">This conversation has ended here, so who is in it now is not known.</p>
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
          title={`Leave “${isolated(titleOf(snapshot))}”?`}
          text="You will not be able to read or write here any more. What was written until now stays on this device."
          verb="Leave"
          work={() => snapshot.conversation.leave()}
          onClose={() => setLeaving(false)}
        />
      ) : null}
    </Sheet>
  );
}
