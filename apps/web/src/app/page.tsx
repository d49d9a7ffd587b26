'use client';

import dynamic from 'next/dynamic';
import { Opening } from '../features/account/opening.tsx';

/**
 * The whole client. It is never rendered at build time: what it shows lives in the browser's storage, and the SDK has
 * no business in the builder's Node.
 */
const Messenger = dynamic(() => import('../features/messenger/entry.ts').then(({ App }) => App), {
  ssr: false,
  loading: () => <Opening />,
});

export default function Page() {
  return <Messenger />;
}
