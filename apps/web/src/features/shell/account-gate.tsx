'use client';

import type { ReactNode } from 'react';
import { ClientProvider } from '@quicprochat/react';
import { FullPage } from '../../parts/full-page.tsx';
import { Opening } from './opening.tsx';
import { outdatedBy, reload } from './outdated.ts';
import { Register } from './register.tsx';
import { useAccount } from './use-account.ts';
import { sentenceFor, titleFor } from '../../words/failures.ts';

/** Shows its children once there is an account, and what is in the way until then. */
export function AccountGate({ children }: { children: ReactNode }) {
  const account = useAccount();
  switch (account.state) {
    case 'opening':
      return <Opening />;
    case 'none':
      return <Register relay={account.relay} register={account.register} />;
    case 'failed':
      return (
        <FullPage title={titleFor(account.error)}>
          <p role="alert">{sentenceFor(account.error)}</p>
          {outdatedBy(account.error) === undefined ? (
            <button type="button" className="button primary" onClick={account.retry}>
              Try again
            </button>
          ) : (
            <button type="button" className="button primary" onClick={reload}>
              Reload
            </button>
          )}
        </FullPage>
      );
    case 'ready':
      return <ClientProvider client={account.client}>{children}</ClientProvider>;
  }
}
