import { QuicprochatError, toSentence, type ErrorCode } from '@quicprochat/sdk';
import { Icon } from './icon.tsx';
import { visible } from '../words/visible.ts';
import styles from './failure.module.css';

interface FailureProps {
  error: unknown;
  /** What certain errors mean here, if the page knows better than the error itself. */
  sentences?: Partial<Record<ErrorCode, string>>;
}

/** What went wrong, in one sentence, told to screen readers at once. Nothing while there is no error. */
export function Failure({ error, sentences = {} }: FailureProps) {
  return (
    <div role="alert" className={styles.place}>
      {error === undefined ? null : (
        <p className={styles.failure}>
          <Icon name="alert" size={18} />
          <span dir="auto">{visible(sentenceOf(error, { ...SENTENCES, ...sentences }))}</span>
        </p>
      )}
    </div>
  );
}

/** Some errors mean more here than the SDK can know: the person has just pressed "Cancel". */
const SENTENCES: FailureProps['sentences'] = {
  TOO_LATE_TO_CANCEL: 'It was too late to cancel: this was already on its way, and may still take effect.',
};

function sentenceOf(error: unknown, sentences: Partial<Record<ErrorCode, string>>): string {
  const known = error instanceof QuicprochatError ? sentences[error.code] : undefined;
  return known ?? toSentence(error);
}
