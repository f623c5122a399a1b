import type { LedgerPage } from '../tracker.ts';
import { proofOf } from './proof.ts';
import type { Group } from './records.ts';
import type { Store } from './store.ts';

/** Copies the records of one ledger into another one. */

export async function* dump(store: Store): AsyncGenerator<LedgerPage> {
  yield* store.scan();
}

export async function load(store: Store, pages: AsyncIterable<LedgerPage>): Promise<void> {
  for await (const page of pages) {
    await store.change((unit) => {
      // Both ledgers have the same types of records, because only `dump` makes pages.
      for (const { medium, originals } of page as readonly Group[]) {
        unit.saveMedium(medium);
        // An earlier version kept no proof. Every record of a new ledger has its proof.
        unit.addOriginals(originals.map((original) => ({ ...original, proof: proofOf(original) })));
      }
    });
  }
}
