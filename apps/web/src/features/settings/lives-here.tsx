'use client';

import type { Keeping } from './keeping.ts';

const PROMISES: Record<Exclude<Keeping, 'unknown'>, string> = {
  kept: 'The browser keeps it until you clear this site’s data.',
  'not-kept': 'The browser has not promised to keep it: it may delete it when the disk is nearly full.',
  unsupported: 'This browser cannot promise to keep it: it may delete it when the disk is nearly full.',
};

/** Where the account is, and whether it stays there. */
export function LivesHere({ keeping }: { keeping: Keeping }) {
  return (
    <>
      <p>
        For now, your account lives in this browser only. If you clear this site’s data, the account and its
        history are lost.
      </p>
      {keeping === 'unknown' ? null : <p data-keeping={keeping}>{PROMISES[keeping]}</p>}
    </>
  );
}
