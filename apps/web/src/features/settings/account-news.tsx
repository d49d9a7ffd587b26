'use client';

import { dismissNews, useKeeping } from './keeping.ts';
import { LivesHere } from './lives-here.tsx';
import styles from './account-news.module.css';

/** Says once, after registering, where the new account is and what the browser has promised about it. */
export function AccountNews() {
  const { keeping, isNews } = useKeeping();
  return (
    <div role="status" className={styles.place}>
      {isNews ? (
        <div className={styles.news}>
          <LivesHere keeping={keeping} />
          <button type="button" className="button small" onClick={dismissNews}>
            Understood
          </button>
        </div>
      ) : null}
    </div>
  );
}
