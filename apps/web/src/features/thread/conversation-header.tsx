'use client';

import type { ConversationSnapshot } from '@quicprochat/react';
import { Avatar } from '../../parts/avatar.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Name } from '../../parts/name.tsx';
import { handlesOf, titleOf } from '../../words/title.ts';
import { addressOf } from '../../navigation/use-fragment.ts';
import styles from './conversation-header.module.css';

export type PanelName = 'people' | 'security';

interface ConversationHeaderProps {
  snapshot: ConversationSnapshot;
  panel: PanelName | undefined;
  onToggle: (panel: PanelName) => void;
}

const PANELS = [
  { name: 'people', label: 'People', icon: 'people' },
  { name: 'security', label: 'Security', icon: 'shield' },
] as const;

/** Which conversation this is, the way back to the list, and the buttons of the panels. */
export function ConversationHeader({ snapshot, panel, onToggle }: ConversationHeaderProps) {
  const title = titleOf(snapshot);
  const people = handlesOf(snapshot.members).length;
  return (
    <header className={styles.header}>
      <a className={styles.back} href={addressOf()} aria-label="All conversations">
        <Icon name="back" />
      </a>
      <Avatar name={title} />
      <div className={styles.names}>
        <Name as="h1" of={title} />
        <p>{people === 0 ? 'Ended' : `${people === 1 ? '1 person' : `${people} people`} · encrypted`}</p>
      </div>
      {PANELS.map(({ name, label, icon }) => (
        <button
          key={name}
          type="button"
          className="button icon"
          aria-label={label}
          title={label}
          aria-expanded={panel === name}
          onClick={() => onToggle(name)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </header>
  );
}
