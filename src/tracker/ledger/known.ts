import { SyncError } from '../../errors.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import type { Group } from './records.ts';
import type { Reader } from './store.ts';

/** Records that a caller knows to be there. Errors: BUG when they are not. */

export function mediumOf(reader: Reader, mediaId: string): MediumRecord {
  return reader.medium(mediaId) ?? refuseUnknown(mediaId);
}

export function groupOf(reader: Reader, mediaId: string): Group {
  return findGroup(reader, mediaId) ?? refuseUnknown(mediaId);
}

export function findGroup(reader: Reader, mediaId: string): Group | undefined {
  // First the originals, because a store may find the medium beside them.
  const originals = reader.originalsOf(mediaId);
  const medium = reader.medium(mediaId);
  return medium && { medium, originals };
}

export function originalOf(reader: Reader, id: string): OriginalRecord {
  return reader.original(id) ?? refuseUnknown(id);
}

function refuseUnknown(id: string): never {
  throw new SyncError('BUG', `the tracker knows no ${id}`);
}
