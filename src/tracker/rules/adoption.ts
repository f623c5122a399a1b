import type { DescribedFile, FileDescription } from '../../destination/destination.ts';
import type { Medium, Original } from '../../media.ts';
import { newMedium, type MediumFields } from './medium-fields.ts';
import { contentColumns, type OriginalFields } from './original-fields.ts';
import { changed } from './original.ts';
import { bitsOf } from './role-bits.ts';

/** What an archive's description of a file makes of a ledger's rows. */

/**
 * The medium as the archive knows it; `known` itself when it tells nothing new. Of several versions the greatest is kept: if it is not the
 * last, the worst is one more resolve.
 */
export function adoptedMedium<Row extends MediumFields>(
  known: Row | undefined,
  { original, description, now }: { readonly original: Original; readonly description: FileDescription; readonly now: string },
): Row | MediumFields {
  const role = bitsOf([original.role]);
  const version = description.mediumVersion === '' ? null : description.mediumVersion;
  if (!known) return { ...newMedium(describedMedium(original, description), now), version, original_roles: role };
  const isAdoptedOnly = known.seen_run === null;
  const newest = isAdoptedOnly && version !== null && version > (known.version ?? '') ? version : known.version;
  if (newest === known.version && (known.original_roles & role) !== 0) return known;
  return { ...known, version: newest, original_roles: known.original_roles | role };
}

/** An original that was just heard of as the archived file that it is. */
export function adoptedOriginal<Row extends OriginalFields>(
  row: Row,
  { sizeBytes, crc32 }: DescribedFile,
  { validator }: FileDescription,
): Row {
  return { ...changed(row, 'complete', row.status_since)!, ...contentColumns({ sizeBytes, crc32, validator }) };
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
