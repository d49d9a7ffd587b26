'use client';

import { FullPage } from '../parts/full-page.tsx';

/** What is shown in place of the page when a component throws. The error itself stays out of sight. */
export default function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <FullPage title="The page stumbled">
      <p>Something in it failed. Your messages and keys are safe on this device.</p>
      <button type="button" className="button primary" onClick={reset}>
        Try again
      </button>
    </FullPage>
  );
}
