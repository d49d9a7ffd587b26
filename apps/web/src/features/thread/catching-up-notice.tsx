import type { CatchingUp } from '@quicprochat/sdk';
import styles from './catching-up-notice.module.css';

/** Less than this is read before a person notices. */
const FEWEST_SHOWN = 200;

/** Says how far reading has come, if there is much to read. How much is left is not known: the relay does not tell. */
export function CatchingUpNotice({ progress }: { progress: CatchingUp | undefined }) {
  const entries = progress?.entries ?? 0;
  return (
    <p role="status" className={styles.notice}>
      {entries < FEWEST_SHOWN
        ? null
        : `Catching up: ${entries.toLocaleString('en')} messages and changes so far`}
    </p>
  );
}
