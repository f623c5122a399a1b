/** Decides which files of one archive another archive lacks. No I/O. */
import { needsRepair, originalId } from '../../media.ts';
import type { TrackedOriginal, TrackedRow } from '../../tracker/tracker.ts';
import type { ArchivedFile } from '../restore/archived-files.ts';

/** What is known of an original in the second archive. */
export type Held = Pick<TrackedOriginal, 'id' | 'status' | 'mark' | 'sizeBytes' | 'crc32'> & {
  readonly key: string;
  readonly revision: number;
};

/** All revisions of each original in the second archive, by the id of the first revision. */
export type HeldOriginals = ReadonlyMap<string, readonly Held[]>;

export type Need =
  /** The second archive has the content already. */
  | { readonly kind: 'none' }
  /** The file gets its own revision and, if that is free, its own key. */
  | { readonly kind: 'new' }
  /** The second archive knows this content as a revision of its own, but lacks the file. */
  | ({ readonly kind: 'known'; readonly isDamaged: boolean; readonly isRepair: boolean } & Pick<Held, 'key' | 'revision'>)
  /** The second archive has other content as this revision, so the file gets the next one. */
  | { readonly kind: 'revision'; readonly revision: number };

type Wanted = Pick<ArchivedFile, 'id' | 'original' | 'revision' | 'sizeBytes' | 'crc32'>;

/**
 * Decides what the second archive needs of a file. `replacesDamaged`: it can move a damaged file
 * away and store another one under the same key.
 */
export function needOf(file: Wanted, held: HeldOriginals, { replacesDamaged }: { readonly replacesDamaged: boolean }): Need {
  const revisions = held.get(file.original) ?? [];
  const next = { kind: 'revision', revision: 1 + Math.max(file.revision, ...revisions.map(({ revision }) => revision)) } as const;
  const archived = revisions.filter(({ status }) => status === 'COMPLETED');
  const same = archived.filter((one) => hasContentOf(one, file));
  // A suspect file has these bytes too.
  if (same.some(({ mark }) => mark === null || mark === 'SUSPECT')) return { kind: 'none' };
  // The latest one replaces the others.
  const broken = same.filter(({ mark }) => needsRepair(mark)).toSorted((a, b) => b.revision - a.revision)[0];
  if (broken) {
    const { key, revision, mark } = broken;
    const isDamaged = mark === 'DAMAGED';
    return isDamaged && !replacesDamaged ? next : { kind: 'known', key, revision, isDamaged, isRepair: true };
  }
  const own = revisions.find(({ id }) => id === file.id);
  if (own?.status === 'COMPLETED') return next;
  if (own) return { kind: 'known', key: own.key, revision: own.revision, isDamaged: false, isRepair: false };
  return revisions.some(({ revision }) => revision > file.revision) ? next : { kind: 'new' };
}

/** An archive may lack a checksum. Then only the sizes are compared. */
function hasContentOf(one: Held, other: Wanted): boolean {
  return one.sizeBytes === other.sizeBytes && (one.crc32 === null || other.crc32 === null || one.crc32 === other.crc32);
}

/** Groups the originals of an archive. Keeps little of each, because an archive may have many. */
export async function heldOriginals(rows: AsyncIterable<TrackedRow>): Promise<HeldOriginals> {
  const held = new Map<string, Held[]>();
  for await (const { originals } of rows) {
    for (const { id, original, status, mark, sizeBytes, crc32 } of originals) {
      const { key, revision } = original;
      const first = revision === 1 ? id : originalId(original, 1);
      const revisions = held.get(first) ?? [];
      revisions.push({ id, key, revision, status, mark, sizeBytes, crc32 });
      held.set(first, revisions);
    }
  }
  return held;
}
