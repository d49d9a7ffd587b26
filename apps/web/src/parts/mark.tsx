import styles from './mark.module.css';

/** The product's sign and name. */
export function Mark() {
  return (
    <span className={styles.mark}>
      <svg viewBox="0 0 64 64" aria-hidden="true">
        <rect width="64" height="64" rx="16" className={styles.ground} />
        <path
          className={styles.bubble}
          d="M32 14c10.5 0 19 7.3 19 16.5S42.5 47 32 47c-2.3 0-4.5-.3-6.5-1L15 50l3-8.5C14.9 38.6 13 34.7 13 30.5 13 21.3 21.5 14 32 14z"
        />
        <path className={styles.tick} d="M24 31l5.5 5.5L41 25" />
      </svg>
      quicprochat
    </span>
  );
}
