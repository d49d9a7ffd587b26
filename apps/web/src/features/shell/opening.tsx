import styles from './opening.module.css';

/** The moment until the keys are loaded. It appears late, so that it does not flash when opening is quick. */
export function Opening() {
  return (
    <main className={styles.opening} aria-busy="true">
      <p role="status">Opening your conversations…</p>
    </main>
  );
}
