import { QuicprochatError, toSentence } from '@quicprochat/sdk';
import { Icon } from './icon.tsx';
import { visible } from '../words/visible.ts';
import styles from './failure.module.css';

/** What went wrong, in one sentence, told to screen readers at once. Nothing while there is no error. */
export function Failure({ error }: { error: unknown }) {
  return (
    <div role="alert" className={styles.place}>
      {error === undefined ? null : (
        <p className={styles.failure}>
          <Icon name="alert" size={18} />
          <span dir="auto">{visible(sentenceOf(error))}</span>
        </p>
      )}
    </div>
  );
}

/** Some errors mean more here than the SDK can know: the person has just pressed "Cancel". */
function sentenceOf(error: unknown): string {
  const code: string | undefined = error instanceof QuicprochatError ? error.code : undefined;
  if (code === 'TOO_LATE_TO_CANCEL')
    return 'It was too late to cancel: this was already on its way, and may still take effect.';
  return toSentence(error);
}
