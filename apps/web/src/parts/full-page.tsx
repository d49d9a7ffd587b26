import type { ReactNode } from 'react';
import { Mark } from './mark.tsx';
import styles from './full-page.module.css';

/** One thing in the middle of the page: registering, failing to open, not found. */
export function FullPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <Mark />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
