import { Icon } from './icon.tsx';
import { sentenceFor, type OwnSentences } from '../words/failures.ts';
import { visible } from '@quicprochat/sdk';
import styles from './failure.module.css';

interface FailureProps {
  error: unknown;
  /** What certain errors mean here, if the page knows better than the error itself. */
  sentences?: OwnSentences;
}

/** What went wrong and what to do, told to screen readers at once. Nothing while there is no error, or only an abort. */
export function Failure({ error, sentences }: FailureProps) {
  const sentence = error === undefined ? undefined : sentenceFor(error, sentences);
  return (
    <div role="alert" className={styles.place}>
      {sentence === undefined ? null : (
        <p className={styles.failure}>
          <Icon name="alert" size={18} />
          <span dir="auto">{visible(sentence)}</span>
        </p>
      )}
    </div>
  );
}
