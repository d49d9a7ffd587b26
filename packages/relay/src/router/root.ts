import { account } from './account.ts';
import { auth } from './auth.ts';
import { blobs } from './blobs.ts';
import { directory } from './directory.ts';
import { groups } from './groups.ts';
import { inbox } from './inbox.ts';
import { keyPackages } from './key-packages.ts';
import { push } from './push.ts';
import { receipts } from './receipts.ts';
import { streams } from './streams.ts';
import { router } from './trpc.ts';

/** Every procedure of a relay. */
export const relayRouter = router({
  /** Registers an account with its first device. */
  account,
  /** Signs a device in: a challenge, and the session for its answer. */
  auth,
  /** Creates blobs, and issues the tokens to upload and download their bytes with. */
  blobs,
  /** Looks up the keys of an account. */
  directory,
  /** Creates groups, and writes and reads their logs. These calls carry no session. */
  groups,
  /** Reads and empties a device's own inbox. */
  inbox,
  /** Publishes a device's key packages, and claims those of others. */
  keyPackages,
  /** Subscribes a device to web push for its inbox. */
  push,
  /** Tells the key that the relay signs its receipts with. */
  receipts,
  /** Opens the event stream that a ticket stands for. */
  streams,
});

/** The type by which clients know the procedures. */
export type RelayRouter = typeof relayRouter;
