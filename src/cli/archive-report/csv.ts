/** A report as CSV (RFC 4180), with a line for each file and for each medium without files. */
import type { TrackedRow } from '../../tracker/tracker.ts';
import { decisiveWord, listEntries } from '../output/list-entries.ts';

const columns = [
  'status',
  'file',
  'medium id',
  'medium name',
  'type',
  'camera',
  'captured at',
  'bytes',
  'proof',
  'last read at',
  'reason',
] as const;

export function csvHeader(): string {
  return lineOf(columns);
}

export function* csvLines(row: TrackedRow): Generator<string> {
  const { filename, type, cameraModel, capturedAt } = row.tracked.medium;
  for (const entry of listEntries(row)) {
    const { name, mediaId, sizeBytes, proof, checkedAt, reason } = entry;
    yield lineOf([
      decisiveWord(entry),
      name,
      mediaId,
      filename,
      type,
      cameraModel ?? '',
      capturedAt ?? '',
      sizeBytes === null ? '' : String(sizeBytes),
      proof ?? '',
      checkedAt ?? '',
      reason ?? '',
    ]);
  }
}

function lineOf(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}

/** A spreadsheet would compute a text that begins like a formula. An apostrophe prevents that. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
