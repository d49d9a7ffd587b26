'use client';

import { FullPage } from '../parts/full-page.tsx';

/** What is shown in place of the page when a component throws. The error itself stays out of sight. */
export default function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <FullPage title="The page stopped because of an error">
      <p>
        Your messages and keys are safe on this device. Try again; if the error comes back, reload the page.
      </p>
      <button type="button" className="button primary" onClick={reset}>
        Try again
      </button>
    </FullPage>
  );
}
