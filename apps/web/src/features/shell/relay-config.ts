/**
 * Which relay this site talks to. It is a file beside the page rather than a part of its code, so that one build can be
 * put up for any relay; the Content-Security-Policy is made from the same address, and refuses every other one.
 */
export async function relayOfThisSite(): Promise<string> {
  const response = await fetch('/config.json');
  const config: unknown = await response.json();
  if (
    typeof config === 'object' &&
    config !== null &&
    'relay' in config &&
    typeof config.relay === 'string'
  ) {
    return config.relay;
  }
  throw new Error('config.json names no relay. Set its address, then reload the page.');
}
