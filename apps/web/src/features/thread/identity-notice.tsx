'use client';

import { useClient, useSecurity, type ConversationSnapshot } from '@quicprochat/react';
import { Icon } from '../../parts/icon.tsx';
import { handlesOf } from '../../words/title.ts';
import { keyStanding } from '../security/key-standing.ts';
import type { PanelName } from './conversation-header.tsx';
import { names } from '../../words/describe.ts';
import styles from './identity-notice.module.css';

interface IdentityNoticeProps {
  snapshot: ConversationSnapshot;
  onOpen: (panel: PanelName) => void;
}

/**
 * Says that somebody's account key is another one than before: a new account, or somebody in between. If the person has
 * rejected a key that is in use here, says that this keeps messages from being sent, and what to do.
 */
export function IdentityNotice({ snapshot, onOpen }: IdentityNoticeProps) {
  const { contacts } = useClient();
  const members = useSecurity(snapshot.id)?.members ?? [];
  const changed = handlesOf(members).filter((handle) => contacts.hasChanged(handle));
  const rejected = handlesOf(members.filter((member) => keyStanding(member, contacts) === 'rejected'));
  return (
    <div role="alert" className={styles.place}>
      {changed.length === 0 ? null : (
        <Notice text={changedText(changed)} button="Compare" onPress={() => onOpen('security')} />
      )}
      {rejected.length === 0 ? null : (
        <Notice text={rejectedText(rejected)} button="Open People" onPress={() => onOpen('people')} />
      )}
    </div>
  );
}

function changedText(handles: readonly string[]): string {
  return `The account key of ${names(handles, '')} has changed: they may have registered again, or somebody may be between you. Compare safety numbers. Until then, nothing is encrypted to the new key.`;
}

function rejectedText(handles: readonly string[]): string {
  const who = names(handles, '');
  return `You rejected the account key that ${who} ${handles.length === 1 ? 'uses' : 'use'} here. You cannot send messages while that key is in this conversation: remove ${who} in People. The others can still write to it, so warn them.`;
}

interface NoticeProps {
  text: string;
  button: string;
  onPress: () => void;
}

function Notice({ text, button, onPress }: NoticeProps) {
  return (
    <div className={styles.notice}>
      <Icon name="alert" size={18} />
      <p>{text}</p>
      <button type="button" className="button small" onClick={onPress}>
        {button}
      </button>
    </div>
  );
}
