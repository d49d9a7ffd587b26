/** The push services of browsers: Chrome and others, Firefox, Safari, Edge. */
export const PUSH_HOSTS = [
  'fcm.googleapis.com',
  'updates.push.services.mozilla.com',
  '*.push.apple.com',
  '*.notify.windows.com',
] as const;

/**
 * The address as one that the relay may send to, or undefined. A device chooses it, so it could lead anywhere that the
 * relay gets to and strangers do not: only to hosts that the operator names, with their port where it is not 443, and by
 * TLS.
 */
export function endpointOf(text: string, hosts: readonly string[]): URL | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return undefined;
  const isKnown = hosts.some((host) =>
    host.startsWith('*.') ? url.host.endsWith(host.slice(1)) : url.host === host,
  );
  return isKnown ? url : undefined;
}
