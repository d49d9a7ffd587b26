'use client';

import './globals.css';
import PageError from './error.tsx';

/** Stands in for the layout too, when that is what threw. */
export default function GlobalError(props: { error: Error; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <PageError {...props} />
      </body>
    </html>
  );
}
