import { SiteError } from '../../words/failures.ts';

/**
 * Which relay this site talks to. It is a file beside the page rather than a part of its code, so that one build can be
 * put up for any relay; the Content-Security-Policy is made from the same address, and refuses every other one.
 */
export async function relayOfThisSite(): Promise<string> {
  const response = await fetch('/config.json').catch((cause: unknown) => {
    throw new SiteError(
      'The settings of this site could not be loaded. Check your connection, then try again.',
      {
        cause,
      },
    );
  });
  const config: unknown = await response.json().catch(() => undefined);
  if (
    typeof config === 'object' &&
    config !== null &&
    'relay' in config &&
    typeof config.relay === 'string'
  ) {
    return config.relay;
  }
  throw new SiteError(
    'The file config.json of this site is missing or names no relay. Tell whoever runs this site to set the relay’s address.',
  );
}
