import { renewKeyPackages } from '../account/renewal.ts';
import { noteCopy } from '../content/history.ts';
import { newEntryId } from '../model/entry-id.ts';
import type { Ledger } from '../state/ledger.ts';
import { conversations } from '../state/rows.ts';
import { isReadable } from '../state/standing.ts';

/** Has every conversation heal before anything is encrypted in it: the whole storage was put back to an earlier state. */
export async function healAllFirst(ledger: Ledger): Promise<void> {
  await ledger.transact(async (tx) => {
    renewKeyPackages(tx);
    for (const { id, epoch } of tx.stored(conversations).filter(isReadable))
      noteCopy(tx, id, { id: newEntryId(tx.platform.random), epoch });
  });
}
