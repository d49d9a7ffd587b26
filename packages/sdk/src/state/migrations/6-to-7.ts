import { damagedHeader, requireKey, sealFields, sealOf } from '../../state/header.ts';
import { RowSeal } from '../../state/row-seal.ts';
import { sealRow } from '../../state/sealed-rows.ts';
import { passesAsItIs } from '../../state/sealed-storage.ts';
import type { Step, StepStart } from './step.ts';

const JOURNAL = 'journal/';

/** The SDK's rows are sealed. What the storage kept of them in the clear is taken out of its files. */
export const from6to7: Step = {
  from: 6,
  prefix: '',
  async begin(start) {
    const seal = await sealFor(start);
    const prove = (after: string) => seal.nameFor(`migration/${after}`);
    const { migration } = start.header;
    if (migration?.from === 6 && migration.proof !== prove(migration.after)) throw damagedHeader();
    return {
      fields: sealFields(seal),
      prove,
      change({ key, value }, generation) {
        if (passesAsItIs(key) || RowSeal.isSealed(value)) return [];
        // Of a store that changes its version all tabs read everything anew, and nobody asks what changed before.
        if (key.startsWith(JOURNAL)) return [{ key, value: undefined }];
        const sealed = sealRow({ key, value }, seal, { version: generation, random: start.random });
        return sealed.key === key ? [sealed] : [{ key, value: undefined }, sealed];
      },
    };
  },
  end: async (storage) => storage.expunge?.(),
};

async function sealFor({ storage, header, random }: StepStart): Promise<RowSeal> {
  const storeKey = requireKey(await storage.storeKey());
  return header.id === undefined ? RowSeal.fresh(storeKey, random) : sealOf(header, storeKey);
}
