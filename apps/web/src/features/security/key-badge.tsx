import { Icon } from '../../parts/icon.tsx';
import type { KeyStanding } from './key-standing.ts';
import styles from './key-badge.module.css';

/** Whether an account key was verified, in a word or two. */
export function KeyBadge({ standing }: { standing: KeyStanding }) {
  switch (standing) {
    case 'verified':
      return (
        <span className={styles.verified}>
          <Icon name="shield" size={16} /> verified
        </span>
      );
    case 'unverified':
      return <span className="quiet">not verified</span>;
    case 'changed':
    case 'rejected':
      return (
        <span className={styles.alarming}>
          <Icon name="alert" size={16} /> key {standing}
        </span>
      );
  }
}
