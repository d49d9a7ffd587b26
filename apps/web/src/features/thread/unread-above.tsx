import type { ReactNode } from 'react';
import styles from './unread-above.module.css';

interface UnreadAboveProps {
  isShown: boolean;
  onGo: () => void;
  onMarkRead: () => void;
}

/** Says that unread messages were jumped over: they stay unread until they were on the screen, or the person says so. */
export function UnreadAbove({ isShown, onGo, onMarkRead }: UnreadAboveProps): ReactNode {
  return (
    <div role="status" className={styles.place}>
      {isShown ? (
        <div className={styles.bar}>
          <span>There are unread messages above.</span>
          <button type="button" className="button small" onClick={onGo}>
            Go to the first
          </button>
          <button type="button" className="button small" onClick={onMarkRead}>
            Mark all as read
          </button>
        </div>
      ) : null}
    </div>
  );
}
