'use client';

import { useState } from 'react';
import { useClient, useSecurity, type ConversationSnapshot } from '@quicprochat/react';
import { Sheet } from '../../parts/sheet.tsx';
import { isolated } from '@quicprochat/sdk';
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

const LEAVE =
  'You will no longer be able to read or send messages here. The history up to now stays on this device.';

const LEAVE_HERE_ALONE =
  'The other members cannot be told, so they still see you as a member. The history up to now stays on this device.';

/** Who is in a conversation, and everything that changes it. */
export function PeoplePanel({ snapshot, onClose }: PeoplePanelProps) {
  const [leaving, setLeaving] = useState(false);
  const { contacts } = useClient();
  const keys = useSecurity(snapshot.id)?.members ?? [];
  const active = snapshot.state === 'active';
  // Nobody can be told of it, but it still can be left here.
  const beyondReach = snapshot.state === 'stuck' || snapshot.state === 'forked';
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
        </>
      ) : null}
      {active || beyondReach ? (
        <section>
          <h3>Leave</h3>
          <button type="button" className="button danger" onClick={() => setLeaving(true)}>
            Leave the conversation
          </button>
        </section>
      ) : null}
      {leaving ? (
        <Confirm
          conversation={snapshot.conversation}
          title={`Leave “${isolated(titleOf(snapshot))}”?`}
          text={beyondReach ? LEAVE_HERE_ALONE : LEAVE}
          verb="Leave"
          asked={{ kind: 'leave' }}
          work={(options) => snapshot.conversation.leave(options)}
          onClose={() => setLeaving(false)}
        />
      ) : null}
    </Sheet>
  );
}
