import type { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../../errors.ts';
import { isoTime, type Clock } from '../../lib/clock.ts';
import type { CommitGroup } from './commit-group.ts';
import type { MediumRow, OriginalRow } from './rows.ts';
import { openTable, type Table } from './table.ts';

/** What all parts of the SQLite tracker work with. Whoever writes does so inside `transaction`; readers need none. */
export interface Ledger {
  readonly database: DatabaseSync;
  readonly media: Table<MediumRow>;
  readonly originals: Table<OriginalRow>;
  nowMs(): number;
  /** ISO 8601. */
  now(): string;
  readonly transaction: CommitGroup['transaction'];
  /** Errors: BUG for one that nobody recorded. */
  mediumOf(mediaId: string): MediumRow;
  /** Errors: BUG for one that nobody recorded. */
  originalOf(id: string): OriginalRow;
  /** Every revision of every original of a medium, in the order they were recorded. */
  originalsOf(medium: Pick<MediumRow, 'row'>): readonly OriginalRow[];
  /** Says again which revisions of an original have a later one. */
  markSuperseded(original: Pick<OriginalRow, 'medium' | 'identity'>): void;
}

export function createLedger(database: DatabaseSync, { transaction }: CommitGroup, clock: Clock): Ledger {
  const media = openTable<MediumRow>(database, 'media');
  const originals = openTable<OriginalRow>(database, 'originals');
  const ofMedium = originals.where('medium = ? ORDER BY row');
  const superseded = database.prepare(`
    UPDATE originals SET superseded = revision < :last WHERE medium = :medium AND identity = :identity`);
  const lastRevision = database.prepare('SELECT max(revision) AS last FROM originals WHERE identity = ? AND revision > 1');
  return {
    database,
    media,
    originals,
    nowMs: () => clock.now(),
    now: () => isoTime(clock.now()),
    transaction,
    mediumOf: (mediaId) => media.find(mediaId) ?? unknownRow(mediaId),
    originalOf: (id) => originals.find(id) ?? unknownRow(id),
    originalsOf: ({ row }) => ofMedium(row),
    markSuperseded: ({ medium, identity }) => {
      const last = lastRevision.get(identity)?.['last'] as number | null;
      if (last !== null) superseded.run({ medium, identity, last });
    },
  };
}

function unknownRow(id: string): never {
  throw new SyncError('BUG', `the tracker knows no ${id}`);
}
