import { toBase64Url } from '@quicprochat/protocol';
import { z } from 'zod';
import { limited, open, router } from './trpc.ts';

/** What receipts are checked with. */
export const receipts = router({
  /** The key that this relay signs all its receipts with. Whoever was told another one was talking to another relay. */
  key: open
    .use(limited('directory'))
    .input(z.strictObject({}))
    .mutation(async ({ ctx }) => ({ receiptKey: toBase64Url(await ctx.notary.publicKey()) })),
});
