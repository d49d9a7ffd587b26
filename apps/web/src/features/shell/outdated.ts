import { QuicprochatError } from '@quicprochat/sdk';

/** What to say if this page is too old to go on, so that a reload is what helps; undefined otherwise. */
export function outdatedBy(error: unknown): { title: string; text: string } | undefined {
  if (!(error instanceof QuicprochatError)) return undefined;
  if (error.code === 'STORE_VERSION')
    return {
      title: 'This tab has stopped.',
      text: 'A newer version is open in another tab: reload this one. What you have typed here is kept.',
    };
  if (error.code === 'PROTOCOL_VERSION_MISMATCH' && error.details['update'] === 'app')
    return {
      title: 'Offline.',
      text: 'This page is too old for the relay: reload it. If this comes back, ask whoever runs this site to update it. What you write is kept.',
    };
  return undefined;
}

export function reload(): void {
  location.reload();
}
