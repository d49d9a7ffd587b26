import { toSentence } from '@quicprochat/sdk';
import { Icon } from './icon.tsx';
import { visible } from './visible.ts';
import styles from './failure.module.css';

/** What went wrong, in one sentence, told to screen readers at once. Nothing while there is no error. */
export function Failure({ error }: { error: unknown }) {
  return (
    <div role="alert" className={styles.place}>
      {error === undefined ? null : (
        <p className={styles.failure}>
          <Icon name="alert" size={18} />
          <span dir="auto">{visible(toSentence(error))}</span>
        </p>
      )}
    </div>
  );
}
