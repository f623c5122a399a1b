import type { DatabaseSync } from 'node:sqlite';
import { columnsOf } from '../ledger/encoding.ts';
import { mediumFields, originalFields, runFields, type Fields } from '../ledger/fields.ts';
import { unaskedProof } from '../ledger/proof.ts';

/** The `PRAGMA application_id` that marks an SQLite file as a tracker. In ASCII it is "CSyn". */
export const applicationId = 0x43_53_79_6e;

/**
 * Entry n upgrades a file from version n to version n + 1. A released entry is never edited. A new
 * field needs no entry, because opening a file adds its column. Changes and indexes of existing
 * columns need an entry. Roles are bits (see `roleBits`). Times are ISO 8601 in UTC, but the ends
 * of leases are ms since 1970. Numbers from the provider are REAL, so every JavaScript number fits.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE run_lease (
    single INTEGER PRIMARY KEY CHECK (single = 1), owner TEXT NOT NULL, until_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE runs (
    row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, started_at TEXT NOT NULL,
    finished_at TEXT, outcome TEXT, summary TEXT
  ) STRICT;

  CREATE TABLE listings (
    account TEXT PRIMARY KEY, last_full_at TEXT, listed INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE media (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, provider TEXT NOT NULL, account TEXT NOT NULL,
    type TEXT NOT NULL, filename TEXT NOT NULL, file_extension TEXT, size_hint_bytes REAL,
    captured_at TEXT, created_at TEXT, updated_at TEXT, reprocessed_at TEXT,
    item_count REAL, camera_model TEXT, ready INTEGER NOT NULL, ready_state TEXT NOT NULL,
    version TEXT, -- mediumVersion of the last listing; NULL while only the archive has shown it
    status TEXT NOT NULL, status_since TEXT NOT NULL, reason TEXT, failed_runs INTEGER NOT NULL,
    waiting_since TEXT, -- survives LISTED and FAILED in between, or a medium could wait for ever a day at a time
    resolved_roles INTEGER NOT NULL, original_roles INTEGER NOT NULL, unavailable INTEGER NOT NULL,
    first_seen_at TEXT NOT NULL, gone_since TEXT,
    seen_run TEXT, -- the last run whose listing showed it; NULL while only the archive has shown it
    deleted_run TEXT -- the run that found it deleted at the source
  ) STRICT;
  CREATE INDEX media_standing ON media (status, gone_since, resolved_roles, original_roles, unavailable);

  CREATE TABLE originals (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, medium INTEGER NOT NULL REFERENCES media (row),
    identity TEXT NOT NULL, -- the id of revision 1
    provider TEXT NOT NULL, account TEXT NOT NULL,
    role INTEGER NOT NULL, label TEXT NOT NULL, type TEXT NOT NULL, position TEXT NOT NULL,
    item_number REAL, ordinal INTEGER NOT NULL, revision INTEGER NOT NULL,
    superseded INTEGER NOT NULL, -- 1: a later revision exists
    key TEXT NOT NULL, folded_key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL, status_since TEXT NOT NULL, mark TEXT, size_bytes INTEGER, crc32 INTEGER,
    etag TEXT, last_modified TEXT,
    intent INTEGER NOT NULL, -- 1: size, checksum and validator say what was about to be published
    upload TEXT, -- UploadState as JSON
    attempt INTEGER NOT NULL, owner TEXT, lease_until_ms INTEGER,
    failed_runs INTEGER NOT NULL, error_code TEXT, reason TEXT
  ) STRICT;
  CREATE INDEX originals_medium ON originals (medium);
  CREATE INDEX originals_standing ON originals (status, superseded, role, size_bytes, mark);
  CREATE INDEX originals_open ON originals (medium, role) WHERE status IN ('PENDING', 'IN_PROGRESS', 'FAILED');
  CREATE INDEX originals_unarchived ON originals (medium, role, status) WHERE superseded = 0 AND status <> 'COMPLETED';
  CREATE INDEX originals_marked ON originals (medium, role) WHERE mark IS NOT NULL;
  CREATE INDEX originals_revised ON originals (identity, revision) WHERE revision > 1;
  CREATE INDEX originals_claimed ON originals (owner) WHERE owner IS NOT NULL;
  CREATE INDEX originals_intended ON originals (intent) WHERE intent = 1;
  CREATE INDEX originals_uploading ON originals (status, upload) WHERE upload IS NOT NULL;

  CREATE TABLE parts (
    original INTEGER NOT NULL REFERENCES originals (row), number INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL, crc32 INTEGER NOT NULL, receipt TEXT NOT NULL,
    PRIMARY KEY (original, number)
  ) STRICT, WITHOUT ROWID;
  `,
  // Version 2 means that columns were added. A program that knows only version 1 cannot write such
  // a file.
  '',
  'ALTER TABLE run_lease ADD COLUMN record TEXT; ALTER TABLE run_lease ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;',
  // An earlier version kept no proof. The function `unasked_proof` is the ledger's rule.
  `
  ALTER TABLE parts ADD COLUMN digests TEXT NOT NULL DEFAULT '';
  ALTER TABLE originals ADD COLUMN proof TEXT;
  UPDATE originals SET proof = unasked_proof(etag) WHERE status = 'COMPLETED';
  CREATE INDEX originals_disputed ON originals (medium) WHERE proof = 'disputed';
  `,
];

/** The newest version that this program reads. */
export const maxSchemaVersion = migrations.length;

/** `PRAGMA user_version`. */
export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

/**
 * Brings a file up to date. A new file becomes the tracker of `archiveId`. Call it in a
 * transaction.
 */
export function migrate(database: DatabaseSync, archiveId: string): void {
  const version = schemaVersion(database);
  database.function('unasked_proof', { deterministic: true }, (etag) => unaskedProof(etag === null ? null : String(etag)));
  for (const migration of migrations.slice(version)) database.exec(migration);
  addColumns(database, 'media', mediumFields);
  addColumns(database, 'originals', originalFields);
  addColumns(database, 'runs', runFields);
  if (version === maxSchemaVersion) return;
  database.exec(`PRAGMA user_version = ${maxSchemaVersion}; PRAGMA application_id = ${applicationId}`);
  if (version === 0) database.prepare(`INSERT INTO settings (name, value) VALUES ('archive_id', ?)`).run(archiveId);
}

/** Adds the columns of fields that a table lacks. */
function addColumns(database: DatabaseSync, table: string, fields: Fields): void {
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all(table);
  const present = new Set(columns.map(({ name }) => name));
  const missing = columnsOf(fields).filter(({ column }) => !present.has(column));
  for (const { column, kind, isNullable } of missing) {
    const type = kind === 'number' ? 'REAL' : kind === 'text' || kind === 'json' ? 'TEXT' : 'INTEGER';
    database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}${isNullable ? '' : ' NOT NULL DEFAULT 0'}`);
  }
}
