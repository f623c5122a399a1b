import type { Part } from '../../destination/destination.ts';
import { foldKey } from '../../media.ts';
import type { MediumRecord, OriginalRecord } from '../ledger/fields.ts';
import { identityOf, mediaIdOf } from '../ledger/records.ts';
import type { Time, Unit } from '../ledger/store.ts';
import { insertRow, updateRow, type Row, type Tables } from './tables.ts';

/**
 * The rows that a command has read, by id. The command writes each change immediately, inside one
 * transaction.
 */
interface Loaded {
  readonly tables: Tables;
  readonly media: Map<string, Row<MediumRecord>>;
  readonly originals: Map<string, Row<OriginalRecord>>;
  /** Originals that had an upload when they were read. Only these have parts. */
  readonly uploading: Set<string>;
  /**
   * Media whose originals are all loaded. `identities` has the id of each original's first
   * revision.
   */
  readonly groups: Set<string>;
  readonly identities: Set<string>;
}

export function openUnit(tables: Tables, time: Time): Unit {
  const loaded: Loaded = {
    tables,
    media: new Map(),
    originals: new Map(),
    uploading: new Set(),
    groups: new Set(),
    identities: new Set(),
  };
  const { sql } = tables;
  const medium = (mediaId: string) => findMedium(loaded, mediaId);
  return {
    ...time,
    medium,
    media: (mediaIds) => mediaIds.flatMap((mediaId) => medium(mediaId) ?? []),
    original: (id) => findOriginal(loaded, id),
    originalsOf: (mediaId) => findOriginals(loaded, mediaId),
    partsOf: ({ id }) => partsOf(tables, rowOf(loaded, id)),
    latestRunId: () => (sql('SELECT id FROM runs ORDER BY row DESC LIMIT 1').get()?.['id'] as string | undefined) ?? null,
    saveMedium: (record) => saveMedium(loaded, record),
    saveSeen: (record, runId) => saveMedium(loaded, { ...record, seenRun: runId }),
    saveOriginal: (record) => saveOriginal(loaded, record),
    addOriginals: (records) => records.filter((record) => addOriginal(loaded, record)),
    moveOriginal: (before, moved) => moveOriginal(loaded, before, moved),
    savePart: ({ id }, part) => savePart(tables, rowOf(loaded, id), part),
    dropParts: ({ id }) => {
      if (loaded.uploading.has(id)) dropParts(tables, rowOf(loaded, id));
    },
  };
}

function findMedium({ tables, media }: Loaded, mediaId: string): MediumRecord | undefined {
  const found = media.get(mediaId) ?? tables.media.find(mediaId)[0];
  if (found) media.set(mediaId, found);
  return found?.record;
}

function findOriginal(loaded: Loaded, id: string): OriginalRecord | undefined {
  const [found] = loaded.tables.originals.find(id);
  if (found) noteOriginal(loaded, found);
  return found?.record;
}

function noteOriginal({ originals, uploading }: Loaded, row: Row<OriginalRecord>): void {
  const { id, upload } = row.record;
  originals.set(id, row);
  if (upload !== null) uploading.add(id);
}

function findOriginals(loaded: Loaded, mediaId: string): readonly OriginalRecord[] {
  const { tables, groups, identities } = loaded;
  const found = tables.originalsOf(mediaId);
  groups.add(mediaId);
  for (const row of found) {
    noteOriginal(loaded, row);
    identities.add(identityOf(row.record));
  }
  return found.map(({ record }) => record);
}

function rowOf({ originals }: Loaded, id: string): number {
  return originals.get(id)!.row;
}

function saveMedium({ tables, media }: Loaded, record: MediumRecord): void {
  const known = media.get(record.id);
  if (known) updateRow(tables.media, known, record);
  media.set(record.id, { row: known?.row ?? insertRow(tables.media, record)!, record });
}

function saveOriginal({ tables, originals }: Loaded, record: OriginalRecord): void {
  const known = originals.get(record.id)!;
  updateRow(tables.originals, known, record);
  originals.set(record.id, { row: known.row, record });
}

function addOriginal(loaded: Loaded, record: OriginalRecord): boolean {
  const { tables, originals } = loaded;
  const mediaId = mediaIdOf(record.id);
  const identity = identityOf(record);
  const superseded = Number(latestRevision(loaded, mediaId, identity) > record.revision);
  const own = [loaded.media.get(mediaId)!.row, identity, foldKey(record.key), superseded];
  const row = insertRow(tables.originals, record, own);
  if (row === undefined) return false;
  originals.set(record.id, { row, record });
  loaded.identities.add(identity);
  if (record.revision > 1) updateSuperseded(tables, row);
  return true;
}

/** Returns the latest revision of an original, or 0 if the ledger has no revision above 1. */
function latestRevision({ tables, groups, identities }: Loaded, mediaId: string, identity: string): number {
  if (groups.has(mediaId) && !identities.has(identity)) return 0;
  const latest = tables.sql('SELECT max(revision) AS revision FROM originals WHERE identity = ? AND revision > 1');
  return Number(latest.get(identity)?.['revision']);
}

function moveOriginal({ tables, originals }: Loaded, before: OriginalRecord, moved: OriginalRecord): boolean {
  const known = originals.get(before.id)!;
  const foldedKey = foldKey(moved.key);
  const other = tables.sql('SELECT 1 FROM originals WHERE (id = ? OR folded_key = ?) AND row <> ?');
  if (other.get(moved.id, foldedKey, known.row)) return false;
  updateRow(tables.originals, known, moved);
  tables.sql('UPDATE originals SET folded_key = ? WHERE row = ?').run(foldedKey, known.row);
  originals.delete(before.id);
  originals.set(moved.id, { row: known.row, record: moved });
  updateSuperseded(tables, known.row);
  dropParts(tables, known.row);
  return true;
}

/**
 * Sets `superseded` to 0 in the latest revision of an original, and to 1 in all earlier revisions.
 */
function updateSuperseded({ sql }: Tables, row: number): void {
  sql(`
    UPDATE originals SET superseded = EXISTS (
      SELECT 1 FROM originals AS later
      WHERE later.identity = originals.identity AND later.revision > originals.revision AND later.revision > 1
    )
    WHERE medium = (SELECT medium FROM originals WHERE row = ?1)
      AND identity = (SELECT identity FROM originals WHERE row = ?1)`).run(row);
}

function partsOf({ sql }: Tables, original: number): readonly Part[] {
  const found = sql(`
    SELECT number, size_bytes AS sizeBytes, crc32, receipt, digests FROM parts WHERE original = ? ORDER BY number`);
  const parts = found.all(original) as unknown as Required<Part>[];
  return parts.map(({ digests, ...part }) => (digests === '' ? part : { ...part, digests }));
}

function savePart({ sql }: Tables, original: number, part: Part): void {
  const { number, sizeBytes, crc32, receipt, digests = '' } = part;
  const save = sql(`
    INSERT INTO parts (original, number, size_bytes, crc32, receipt, digests) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (original, number) DO UPDATE
    SET size_bytes = excluded.size_bytes, crc32 = excluded.crc32, receipt = excluded.receipt, digests = excluded.digests`);
  save.run(original, number, sizeBytes, crc32, receipt, digests);
}

function dropParts({ sql }: Tables, original: number): void {
  sql('DELETE FROM parts WHERE original = ?').run(original);
}
