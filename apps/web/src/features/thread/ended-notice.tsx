import type { ConversationState } from '@quicprochat/sdk';
import { ENDED } from '../../words/describe.ts';
import styles from './ended-notice.module.css';

/** Stands where one would write, and says why one cannot. */
export function EndedNotice({ state }: { state: Exclude<ConversationState, 'active'> }) {
  const { title, text } = ENDED[state];
  return (
    <div role="status" className={styles.notice}>
      <strong>{title}</strong>
      <p>{text}</p>
    </div>
  );
}
