import { asSyncError, SyncError } from '../errors.ts';
import { foldKey, type Medium, type Original } from '../media.ts';
import type { Taken } from '../plan/naming.ts';
import { nextRevisions, planOriginals } from '../plan/plan.ts';
import type { Resolution } from '../source/source.ts';
import type { Claim, TrackedMedium, TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import type { Transfer } from './context.ts';

/**
 * Gives originals their keys and records them. The tracker refuses a key that another original has.
 */

/**
 * Records a resolve. Each original in `replaced` gets a next revision. If `proven` is false, some
 * archived original was not compared. Then the medium stays unresolved, so that the next run
 * compares again. Returns all rows of the medium.
 */
export async function recordResolution(
  { tracker, roles }: Pick<Transfer, 'tracker' | 'roles'>,
  tracked: TrackedMedium,
  resolution: Resolution,
  { replaced, proven }: { readonly replaced: readonly TrackedOriginal[]; readonly proven: boolean },
): Promise<readonly TrackedOriginal[]> {
  const { medium } = tracked;
  const { unavailable } = resolution;
  const known = await tracker.originals(medium.id);
  return withFreeKeys(
    tracker,
    known,
    (taken) => [
      ...planOriginals({ tracked, known, resolution, roles, taken }).originals,
      ...nextRevisions({ medium, originals: replaced.map((row) => row.original), known, taken }),
    ],
    (originals) => tracker.recordResolution(medium.id, { roles: proven ? roles : [], unavailable, originals }),
  );
}

/** Gives a claimed original its next revision, because other content already has its key. */
export async function rekey(
  { tracker }: Pick<Transfer, 'tracker'>,
  claim: Claim,
  medium: Medium,
  original: Original,
): ReturnType<Tracker['rekey']> {
  return withNextRevision(tracker, medium, original, async (next) => tracker.rekey(claim, next));
}

/**
 * Records the next revision of an archived original as a new original, because the provider now has
 * other content. The archived original stays as it is.
 */
export async function addRevision(
  { tracker }: Pick<Transfer, 'tracker'>,
  medium: Medium,
  original: Original,
): Promise<TrackedOriginal> {
  const unavailable = (await tracker.medium(medium.id))?.unavailable ?? 0;
  return withNextRevision(tracker, medium, original, async (next) => {
    const rows = await tracker.recordResolution(medium.id, { roles: [], unavailable, originals: [next] });
    return rows.find((row) => row.original.key === next.key)!;
  });
}

/** Returns the next revision that `addRevision` would record now. */
export async function nameNextRevision(
  { tracker }: Pick<Transfer, 'tracker'>,
  medium: Medium,
  original: Original,
): Promise<Original> {
  return withNextRevision(tracker, medium, original, async (next) => {
    if (await tracker.keyTaken(next.key)) throw new SyncError('KEY_TAKEN', `${next.key} belongs to another original`);
    return next;
  });
}

/** Names the next revision of an original and hands it to `write`, like `withFreeKeys`. */
async function withNextRevision<Result>(
  tracker: Tracker,
  medium: Medium,
  original: Original,
  write: (next: Original) => Promise<Result>,
): Promise<Result> {
  const known = await tracker.originals(medium.id);
  const name = (taken: Taken) => nextRevisions({ medium, originals: [original], known, taken });
  return withFreeKeys(tracker, known, name, async ([next]) => write(next!));
}

/**
 * Names originals and writes them to the tracker. If the tracker refuses a key as taken, names the
 * originals again. It does not look for taken keys first, because a key contains the medium's id
 * and is rarely taken.
 */
async function withFreeKeys<Result>(
  tracker: Tracker,
  known: readonly TrackedOriginal[],
  name: (taken: Taken) => readonly Original[],
  write: (originals: readonly Original[]) => Promise<Result>,
): Promise<Result> {
  const ours = new Set(known.map((row) => row.original.key));
  const taken = new Set<string>();
  for (;;) {
    const originals = name((key) => taken.has(foldKey(key)));
    try {
      return await write(originals);
    } catch (error) {
      const before = taken.size;
      for (const { key } of asSyncError(error).code === 'KEY_TAKEN' ? originals : []) {
        if (!ours.has(key) && (await tracker.keyTaken(key))) taken.add(foldKey(key));
      }
      if (taken.size === before) throw error;
    }
  }
}
