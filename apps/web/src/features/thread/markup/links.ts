import { visible } from '@quicprochat/sdk';

/** Where a link leads. */
export interface Destination {
  href: string;
  /** The host that is really reached, if the text of the link does not show it as it is; else undefined. */
  host: string | undefined;
}

/** The only schemes that become links. */
const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/** What stands where the host belongs, as it was typed: after `//` and before the path, or after a mail address's `@`. */
const TYPED_HOST = /^(?:https?:\/\/([^/?#\\]*)|mailto:.*@(.*))/is;

/**
 * The destination of an address found in a message, or undefined if it must stay text. The address itself is always
 * shown as it was typed. If the browser would go to a host other than the typed one (letters of other scripts that look
 * like Latin ones, a name in front of an `@`, a number for an IP address), that host has to be shown as well.
 */
export function destinationOf(typed: string): Destination | undefined {
  // An address that reorders or hides part of itself cannot be shown as it is.
  if (!URL.canParse(typed) || visible(typed) !== typed) return undefined;
  const url = new URL(typed);
  if (!SCHEMES.has(url.protocol)) return undefined;
  const [, web, mail] = TYPED_HOST.exec(typed) ?? [];
  const shown = (web ?? mail ?? '').toLowerCase();
  const host = mail === undefined ? url.hostname : asciiHost(mail);
  if (host === undefined || host === '') return undefined;
  const isShown = shown === host || shown.replace(/:\d*$/, '') === host;
  return { href: url.href, host: isShown ? undefined : host };
}

function asciiHost(host: string): string | undefined {
  const address = `http://${host}`;
  return URL.canParse(address) ? new URL(address).hostname : undefined;
}
