'use client';

import { useClient, useSecurity, type ConversationSnapshot } from '@quicprochat/react';
import { Sheet } from '../../parts/sheet.tsx';
import { WaitingChanges } from '../../parts/changes/waiting-changes.tsx';
import { ConnectionState } from '../../parts/connection-state.tsx';
import { EpochSection } from './epoch-section.tsx';
import { HealSection } from './heal-section.tsx';
import { KeysSection } from './keys-section.tsx';
import { Facts } from '../../parts/facts.tsx';
import { suiteNote, suiteNumber } from './suite.ts';

interface SecurityPanelProps {
  snapshot: ConversationSnapshot;
  onClose: () => void;
}

/** What protects a conversation, in words and in the numbers that two people can compare. */
export function SecurityPanel({ snapshot, onClose }: SecurityPanelProps) {
  const { relay } = useClient();
  const security = useSecurity(snapshot.id);
  if (security === undefined) return null;
  const active = snapshot.state === 'active';
  return (
    <Sheet title="Security" onClose={onClose}>
      <WaitingChanges conversation={snapshot.conversation} />
      <section>
        <h3>Encryption</h3>
        <p>{suiteNote(security.suite)}</p>
        <Facts
          facts={[
            ['Suite', `${security.suiteName} (${suiteNumber(security.suite)})`],
            ['Relay', relay],
            ['Connection', <ConnectionState key="connection" />],
          ]}
        />
      </section>
      <EpochSection security={security} />
      {active ? <HealSection conversation={snapshot.conversation} security={security} /> : null}
      {security.members.length > 0 ? <KeysSection members={security.members} /> : null}
    </Sheet>
  );
}
