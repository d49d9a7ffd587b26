'use client';

import { App } from '../features/shell/entry.ts';

/** The whole client. At build time only its first state is rendered: the account lives in the browser's storage. */
export default function Page() {
  return <App />;
}
