import { z } from 'zod';
import { LIMITS } from './limits.ts';

/**
 * `push.subscribe`, for the signed-in device: where the push service of its browser takes pushes for it (RFC 8030). The
 * keys of a subscription are for contents, and these pushes have none.
 */
export const pushSubscribeInputSchema = z.strictObject({
  endpoint: z.url({ protocol: /^https$/ }).max(LIMITS.maxPushEndpointChars),
});
