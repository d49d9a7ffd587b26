'use client';

import { useState } from 'react';
import { useClient, type ConversationSnapshot } from '@quicprochat/react';
import { PeoplePanel } from '../people/people-panel.tsx';
import { WaitingChanges } from '../../parts/changes/waiting-changes.tsx';
import { SecurityPanel } from '../security/security-panel.tsx';
import { CatchingUpNotice } from './catching-up-notice.tsx';
import { Composer } from './composer.tsx';
import { ConversationHeader, type PanelName } from './conversation-header.tsx';
import { EndedNotice } from './ended-notice.tsx';
import { IdentityNotice } from './identity-notice.tsx';
import { MessageLog } from './message-log.tsx';
import styles from './conversation-view.module.css';

/** An open conversation: what was said, what one says next, and the panels about it. */
export function ConversationView({ snapshot }: { snapshot: ConversationSnapshot }) {
  const self = useClient().handle;
  const [panel, setPanel] = useState<PanelName>();
  const close = () => setPanel(undefined);

  return (
    <div className={styles.view}>
      <section className={styles.conversation}>
        <ConversationHeader
          snapshot={snapshot}
          panel={panel}
          onToggle={(name) => setPanel((current) => (current === name ? undefined : name))}
        />
        <MessageLog snapshot={snapshot} self={self} />
        <div>
          <CatchingUpNotice progress={snapshot.catchingUp} />
          <IdentityNotice snapshot={snapshot} onOpen={setPanel} />
          {/* An open panel has its own: on a narrow screen it covers this one. */}
          {panel === undefined ? <WaitingChanges conversation={snapshot.conversation} /> : null}
        </div>
        {snapshot.state === 'active' ? (
          <Composer conversation={snapshot.conversation} storedDraft={snapshot.draft} />
        ) : (
          <EndedNotice state={snapshot.state} />
        )}
      </section>
      {panel === 'people' ? <PeoplePanel snapshot={snapshot} onClose={close} /> : null}
      {panel === 'security' ? <SecurityPanel snapshot={snapshot} onClose={close} /> : null}
    </div>
  );
}
