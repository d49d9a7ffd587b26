import { z } from 'zod';

/** A relay's address as the SDK takes it: http or https, a host and a port, and nothing after them. */
export const relayAddressSchema = z.string().refine(isOrigin);

function isOrigin(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, origin, href } = new URL(address);
  return ['http:', 'https:'].includes(protocol) && href === `${origin}/`;
}
