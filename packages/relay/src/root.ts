import { account } from './router/account.ts';
import { auth } from './router/auth.ts';
import { blobs } from './router/blobs.ts';
import { directory } from './router/directory.ts';
import { groups } from './router/groups.ts';
import { inbox } from './router/inbox.ts';
import { keyPackages } from './router/key-packages.ts';
import { push } from './router/push.ts';
import { receipts } from './router/receipts.ts';
import { streams } from './router/streams.ts';
import { router } from './trpc.ts';

/** Every procedure of a relay. */
export const relayRouter = router({
  account,
  auth,
  blobs,
  directory,
  groups,
  inbox,
  keyPackages,
  push,
  receipts,
  streams,
});

/** The type by which clients know the procedures. */
export type RelayRouter = typeof relayRouter;
