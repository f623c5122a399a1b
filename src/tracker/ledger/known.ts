import { SyncError } from '../../errors.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import type { Group } from './records.ts';
import type { Reader } from './store.ts';

/** Records that a caller can only name because they were recorded. Errors: BUG when they were not. */

export function mediumOf(reader: Reader, mediaId: string): MediumRecord {
  return reader.medium(mediaId) ?? refuseUnknown(mediaId);
}

export function groupOf(reader: Reader, mediaId: string): Group {
  return reader.group(mediaId) ?? refuseUnknown(mediaId);
}

export function originalOf(reader: Reader, id: string): OriginalRecord {
  return reader.original(id) ?? refuseUnknown(id);
}

function refuseUnknown(id: string): never {
  throw new SyncError('BUG', `the tracker knows no ${id}`);
}
