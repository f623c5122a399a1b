/** What a correct archive of a simulated library contains, as the simulator declares it. */
import { sha256Of } from '../../content.ts';
import { etagOf } from '../../etag.ts';
import type { OriginalRole, SimFile, SimMedium } from './medium.ts';

export interface ExpectedOriginal {
  readonly mediaId: string;
  /** The key of the file within its medium. */
  readonly key: string;
  readonly role: OriginalRole;
  /** Undefined for an entry in `files[]`, because such entries have no label. */
  readonly label: string | undefined;
  readonly type: string;
  readonly extension: string;
  readonly itemNumber: number | null | undefined;
  readonly cameraPosition: string | undefined;
  readonly sizeBytes: number;
  readonly sha256: () => Promise<string>;
  readonly etag: () => Promise<string>;
}

/** Any library whose listed media can be iterated. */
interface ListedMedia {
  media(): Iterable<SimMedium>;
}

/** The roles that are requested in addition to `source` and `raw`. */
export interface ArchiveScope {
  readonly edits?: boolean;
  readonly sidecars?: boolean;
}

/**
 * Returns every original that a correct archive contains now: each file that is declared as an
 * original, is within the scope, and belongs to a listed medium that waits for nothing. The newest
 * medium comes first.
 */
export function expectedOriginals(library: ListedMedia, scope: ArchiveScope = {}): ExpectedOriginal[] {
  const originals: ExpectedOriginal[] = [];
  for (const medium of library.media()) {
    if (medium.waitsFor !== null) continue;
    for (const file of medium.files) {
      if (file.original !== undefined && inScope(file.original, scope)) originals.push(expectation(medium, file, file.original));
    }
  }
  return originals;
}

/** Returns the ids of the listed media that a correct client reports as waiting. */
export function expectedWaiting(library: ListedMedia): string[] {
  return [...library.media()].filter((medium) => medium.waitsFor !== null).map((medium) => medium.id);
}

function inScope(role: OriginalRole, scope: ArchiveScope): boolean {
  if (role === 'edit') return scope.edits === true;
  if (role === 'sidecar') return scope.sidecars === true;
  return true;
}

function expectation(medium: SimMedium, file: SimFile, role: OriginalRole): ExpectedOriginal {
  return {
    mediaId: medium.id,
    key: file.key,
    role,
    label: file.label,
    type: file.type,
    extension: file.extension,
    itemNumber: file.itemNumber,
    cameraPosition: file.cameraPosition,
    sizeBytes: file.sizeBytes,
    sha256: () => sha256Of(file),
    etag: () => etagOf(file, file.stored),
  };
}
