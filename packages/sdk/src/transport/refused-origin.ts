import { sdkError } from '../model/errors.ts';
import type { Net } from '../platform/platform.ts';

/**
 * The network of a page, which says so if the relay refuses the page's origin. A browser does not tell a page why a call
 * failed. But a request whose answer the page may not read succeeds at a relay that is there, so one such request tells
 * a refusal from a relay that is away. Once any answer was readable, the origin is known to be allowed.
 */
export function namingRefusals(relay: string, net: Net): Net {
  const page = net.pageOrigin;
  if (page === undefined || page === relay) return net;
  let isAllowed = false;
  return {
    pageOrigin: page,
    fetch: async (input, init) => {
      try {
        const response = await net.fetch(input, init);
        isAllowed = true;
        return response;
      } catch (error) {
        // Browsers report refusals as TypeErrors, like every failure of the network.
        if (isAllowed || !(error instanceof TypeError) || !(await answers(relay, net))) throw error;
        throw refused(page, error);
      }
    },
  };
}

async function answers(relay: string, net: Net): Promise<boolean> {
  try {
    await net.fetch(relay, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}

function refused(page: string, cause: unknown) {
  return sdkError(
    'NETWORK',
    `The relay’s address answers, but not to pages of ${page}. In a network with a sign-in page, sign in first. If the relay is yours, add ${page} to its QPC_ORIGINS.`,
    { cause, details: { reason: 'origin', pageOrigin: page } },
  );
}
