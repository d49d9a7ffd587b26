import { sdkError } from '../model/errors.ts';

/** The browser gives this site no more space. */
export function quotaReached(cause: unknown) {
  return sdkError(
    'STORE_UNAVAILABLE',
    'The browser has no storage space left for this site. Nothing was changed; free some space and try again.',
    { details: { reason: 'full' }, cause },
  );
}
