import type { DescribedFile, FileDescription } from '../../destination/destination.ts';
import { foldKey, originalId, type Medium, type Original } from '../../media.ts';
import type { Ledger } from './ledger.ts';
import { newMediumRow, type MediumRow } from './medium-row.ts';
import { contentColumns, newOriginalRow, type OriginalRow } from './original-row.ts';
import { bitsOf } from './role-bits.ts';
import { changed } from './statuses.ts';

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
  const findKey = database.prepare('SELECT 1 FROM originals WHERE folded_key = ?');
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
    const medium = adoptedMedium(original, description);
    claimSet.run({ medium: medium.row, roles: bitsOf(description.roles), originals: description.originalsOfMedium });
    if (originals.find(originalId(original, original.revision)) || findKey.get(foldKey(file.key))) return 0;
    addArchived(newOriginalRow(original, medium.row, ledger.now()), file, description);
    return 1;
  }

  function addArchived(row: Omit<OriginalRow, 'row'>, file: DescribedFile, { validator }: FileDescription): void {
    const { row: _, ...archived } = changed({ ...row, row: 0 }, 'complete', ledger.now())!;
    const { sizeBytes, crc32 } = file;
    originals.insert({ ...archived, ...contentColumns({ sizeBytes, crc32, validator }) });
    ledger.markSuperseded(row);
  }

  /** The medium as the archive knows it. Of several versions the greatest is kept: if it is not the last, the worst is one more resolve. */
  function adoptedMedium(original: Original, description: FileDescription): MediumRow {
    const known = media.find(original.mediaId);
    const role = bitsOf([original.role]);
    const version = description.mediumVersion === '' ? null : description.mediumVersion;
    if (!known) {
      const fresh = { ...newMediumRow(describedMedium(original, description), ledger.now()), version, original_roles: role };
      return { ...fresh, row: media.insert(fresh) };
    }
    const isAdoptedOnly = known.seen_run === null;
    const newest = isAdoptedOnly && version !== null && version > (known.version ?? '') ? version : known.version;
    const next = { ...known, version: newest, original_roles: known.original_roles | role };
    if (next.version !== known.version || next.original_roles !== known.original_roles) media.save(next);
    return next;
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
      const takeBatch = () => {
        adopted += ledger.transaction(() => batch.reduce((count, file) => count + takeIn(file), 0));
        batch = [];
      };
      for await (const file of files) {
        batch.push(file);
        if (batch.length === batchSize) takeBatch();
      }
      takeBatch();
      ledger.transaction(settle);
      return adopted;
    },
  };
}

function describedMedium({ provider, account, mediaId }: Original, { originalName, capturedAt }: FileDescription): Medium {
  const unknown = {
    fileExtension: null,
    sizeHintBytes: null,
    createdAt: null,
    updatedAt: null,
    reprocessedAt: null,
    itemCount: null,
    cameraModel: null,
  };
  return {
    provider,
    account,
    id: mediaId,
    type: '',
    filename: originalName,
    capturedAt,
    ready: true,
    readyState: 'ready',
    ...unknown,
  };
}
