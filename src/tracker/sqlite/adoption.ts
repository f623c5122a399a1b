import type { DescribedFile, FileDescription } from '../../destination/destination.ts';
import type { Original } from '../../media.ts';
import type { Ledger } from './ledger.ts';
import { adoptedMedium, adoptedOriginal } from '../rules/adoption.ts';
import { bitsOf } from '../rules/role-bits.ts';
import { newOriginalRow } from './rows.ts';

/** Files per transaction: a commit is dearer than a row, and other work must get its turn. */
const batchSize = 2000;

/** Rebuilding the ledger from what the archive says of itself. */
export function createAdoption(ledger: Ledger) {
  const { database, media, originals } = ledger;
  // What each file says of its medium's set: for these roles, so many originals. Only needed until all files are in.
  database.exec(
    'CREATE TEMP TABLE claims (medium INTEGER, roles INTEGER, originals INTEGER, PRIMARY KEY (medium, roles)) STRICT, WITHOUT ROWID',
  );
  const forgetClaims = database.prepare('DELETE FROM temp.claims');
  const claimSet = database.prepare(`
    INSERT INTO temp.claims (medium, roles, originals) VALUES (:medium, :roles, :originals)
    ON CONFLICT (medium, roles) DO UPDATE SET originals = max(originals, excluded.originals)`);
  const isAdopted = database.prepare(`SELECT 1 FROM settings WHERE name = 'adopted_at'`);
  const markAdopted = database.prepare(`
    INSERT INTO settings (name, value) VALUES ('adopted_at', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
  // A medium is whole only if every file's word about the set is true; bits of roles have no aggregate of their own.
  const resolveWhole = database.prepare(`
    UPDATE media SET status = 'RESOLVED', status_since = :now, resolved_roles = whole.roles
    FROM (
      SELECT medium, max(roles & 1) | max(roles & 2) | max(roles & 4) | max(roles & 8) AS roles FROM temp.claims
      GROUP BY medium HAVING min(claims.originals <= (
        SELECT count(*) FROM originals
        WHERE originals.medium = claims.medium AND originals.role & claims.roles AND superseded = 0 AND originals.status = 'COMPLETED'
      ))
    ) AS whole
    WHERE media.row = whole.medium AND media.status = 'LISTED' AND media.seen_run IS NULL AND media.resolved_roles = 0`);

  function takeIn(file: DescribedFile): number {
    const { description } = file;
    if (!description) return 0;
    const original = { ...description.original, key: file.key };
    const medium = takeInMedium(original, description);
    claimSet.run({ medium, roles: bitsOf(description.roles), originals: description.originalsOfMedium });
    const row = adoptedOriginal(newOriginalRow(original, medium, ledger.now()), file, description);
    if (originals.insert(row) === undefined) return 0;
    ledger.markSuperseded(row);
    return 1;
  }

  /** The medium as the archive knows it. */
  function takeInMedium(original: Original, description: FileDescription): number {
    const known = media.find(original.mediaId);
    const next = adoptedMedium(known, { original, description, now: ledger.now() });
    if (!known) return media.insert(next)!;
    if (next !== known) media.save({ ...known, ...next }, known);
    return known.row;
  }

  function settle(): void {
    resolveWhole.run({ now: ledger.now() });
    forgetClaims.run();
    markAdopted.run(ledger.now());
  }

  return {
    needsAdoption: (): boolean => isAdopted.get() === undefined,

    /** Returns how many originals are new. A file whose key another original has is left out; so its medium is asked for again. */
    adopt: async (files: AsyncIterable<DescribedFile>): Promise<number> => {
      forgetClaims.run();
      let adopted = 0;
      let batch: DescribedFile[] = [];
      const takeBatch = async () => {
        const added = await ledger.transaction(() => batch.reduce((count, file) => count + takeIn(file), 0));
        adopted += added;
        batch = [];
      };
      for await (const file of files) {
        batch.push(file);
        if (batch.length === batchSize) await takeBatch();
      }
      await takeBatch();
      await ledger.transaction(settle);
      return adopted;
    },
  };
}
