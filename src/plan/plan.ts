/** Decides from the rows of the tracker which media and originals a run has to archive. No I/O. */

import { foldKey, needsRepair, originalId } from '../media.ts';
import type { Medium, Original, OriginalIdentity, Role } from '../media.ts';
import type { Resolution } from '../source/source.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker/tracker.ts';
import { momentMs, momentOf } from './moment.ts';
import { compareIdentities, countSiblings, keyOf, keysFor } from './naming.ts';
import { extensionOf } from './safe-name.ts';
import type { Taken } from './naming.ts';

/**
 * Why a medium is in the plan. `new`: it was never resolved. `changed`: it has changed since it was
 * resolved. `waiting`: the provider did not offer all its originals. `failed`: it failed as a whole
 * in an earlier run. `roles`: it was not resolved for a role that is now requested. `unfinished`:
 * some of its originals are not archived.
 */
export type WorkReason = 'new' | 'changed' | 'waiting' | 'failed' | 'roles' | 'unfinished';

/** One medium to work on. It has few fields, because a plan may have a hundred thousand items. */
export interface WorkItem {
  readonly mediaId: string;
  /**
   * The provider's file name, or the id if there is no name. It may contain hostile characters,
   * because nothing is removed from it.
   */
  readonly name: string;
  /**
   * When the medium was captured or, if that is unknown, arrived in the cloud. Null if both are
   * unknown. It is used for ordering.
   */
  readonly timeMs: number | null;
  readonly sizeHintBytes: number | null;
  readonly itemCount: number | null;
  readonly why: WorkReason;
}

export interface Plan {
  /** The items, newest first. The same rows always give the same order. */
  readonly items: readonly WorkItem[];
  /** The sum of the items' sizes, as far as the listing gives a size. */
  readonly sizeHintBytes: number;
  /** How many items were not ready in an earlier run. */
  readonly waiting: number;
  /** How many media with work the filters leave out. */
  readonly leftOut: number;
}

/**
 * Makes the plan of a run from the media in `open` that the filters cover. `roles` are the roles
 * that the run archives.
 */
export async function plan(
  open: AsyncIterable<TrackedMedium>,
  { covers, roles }: { readonly covers: (medium: Medium) => boolean; readonly roles: readonly Role[] },
): Promise<Plan> {
  const items: WorkItem[] = [];
  let sizeHintBytes = 0;
  let leftOut = 0;
  for await (const tracked of open) {
    if (!covers(tracked.medium)) {
      leftOut += 1;
      continue;
    }
    items.push(workItem(tracked, roles));
    sizeHintBytes += tracked.medium.sizeHintBytes ?? 0;
  }
  const waiting = items.filter(({ why }) => why === 'waiting').length;
  return { items: items.toSorted(newestFirst), sizeHintBytes, waiting, leftOut };
}

/**
 * The originals of one medium, according to the latest reply of `resolve` and the tracker's rows.
 */
export interface PlannedOriginals {
  /**
   * The latest revision of each offered original, in the order of fetching. If the tracker does not
   * know an original, this is its first revision.
   */
  readonly originals: readonly Original[];
  /** The originals in `originals` that the tracker does not know yet. */
  readonly added: readonly Original[];
  /**
   * The latest revision of each original in the requested roles that the provider no longer offers.
   * Files of such originals that are already archived stay in the archive.
   */
  readonly vanished: readonly TrackedOriginal[];
}

/**
 * Matches the originals that a medium offers with those in the tracker. A known original keeps its
 * row and key, whatever else changed. A new original gets a key that no other file has. The order
 * of the reply does not matter. Errors: KEY_TAKEN.
 */
export function planOriginals(request: {
  readonly tracked: TrackedMedium;
  /** All revisions of all originals of the medium. */
  readonly known: readonly TrackedOriginal[];
  readonly resolution: Resolution;
  readonly roles: readonly Role[];
  readonly taken: Taken;
}): PlannedOriginals {
  const { medium } = request.tracked;
  const known = latestRevisions(request.known);
  const offered = new Map(request.resolution.originals.map((original) => [originalId(original, 1), original]));

  const fresh = [...offered].filter(([id]) => !known.has(id)).map(([, original]) => original);
  const alongside = [...known.values()].map(({ original }) => original);
  const named = keysFor({ medium, originals: fresh, alongside, taken: request.taken });
  const added = named.map(({ original, key }) => firstRevision(medium, original, key));

  const kept = [...known].filter(([id]) => offered.has(id)).map(([, { original }]) => original);
  const vanished = [...known]
    .filter(([id, { original }]) => !offered.has(id) && request.roles.includes(original.role))
    .map(([, row]) => row);
  return { originals: [...kept, ...added].toSorted(compareIdentities), added, vanished };
}

/**
 * Makes a new revision of each original in `originals`, with a number above all known ones and a
 * key of its own. A new revision is needed if the content changed at the source, if another file
 * has the key, or if a damaged file cannot be moved aside. Errors: KEY_TAKEN.
 */
export function nextRevisions(request: {
  readonly medium: Medium;
  readonly originals: readonly Original[];
  /** All revisions of all originals of the medium. */
  readonly known: readonly TrackedOriginal[];
  readonly taken: Taken;
}): Original[] {
  const { medium, originals, taken } = request;
  const all = [...originals, ...request.known.map((row) => row.original)];
  const keys = new Set(all.map(({ key }) => foldKey(key)));
  const siblings = countSiblings(all);
  const latest = new Map<string, number>();
  for (const one of all) latest.set(originalId(one, 1), Math.max(latest.get(originalId(one, 1)) ?? 0, one.revision));
  return originals.map((original) => {
    const revision = 1 + (latest.get(originalId(original, 1)) ?? 0);
    const key = keyOf({
      medium,
      identity: original,
      revision,
      extension: extensionOf(original.key),
      siblings: siblings(original),
      taken: (candidate) => keys.has(foldKey(candidate)) || taken(candidate),
    });
    keys.add(foldKey(key));
    return { ...original, revision, key };
  });
}

/**
 * The latest revision of each original. The map's key is the id of the original's first revision.
 */
export function latestRevisions(known: readonly TrackedOriginal[]): ReadonlyMap<string, TrackedOriginal> {
  const oldestFirst = known.toSorted((a, b) => a.original.revision - b.original.revision);
  return new Map(oldestFirst.map((row) => [originalId(row.original, 1), row]));
}

/** The archived originals of a medium whose files are missing or damaged and can be replaced. */
export function awaitingRepair(known: readonly TrackedOriginal[]): readonly TrackedOriginal[] {
  return [...latestRevisions(known).values()].filter(({ status, mark }) => status === 'COMPLETED' && needsRepair(mark));
}

/** Copies the fields one by one, because the URL of an offered original must not be stored. */
function firstRevision({ provider, account }: Medium, identity: OriginalIdentity, key: string): Original {
  const { mediaId, role, label, type, position, itemNumber, ordinal } = identity;
  return { provider, account, mediaId, role, label, type, position, itemNumber, ordinal, revision: 1, key };
}

function workItem(tracked: TrackedMedium, roles: readonly Role[]): WorkItem {
  const { medium } = tracked;
  const moment = momentOf(medium);
  return {
    mediaId: medium.id,
    name: medium.filename === '' ? medium.id : medium.filename,
    timeMs: moment === undefined ? null : momentMs(moment),
    sizeHintBytes: medium.sizeHintBytes,
    itemCount: medium.itemCount,
    why: reasonFor(tracked, roles),
  };
}

function reasonFor({ status, resolvedRoles, waitingSince }: TrackedMedium, roles: readonly Role[]): WorkReason {
  if (status === 'WAITING' || (status === 'LISTED' && waitingSince !== null)) return 'waiting';
  if (status === 'FAILED') return 'failed';
  if (status === 'LISTED') return resolvedRoles.length === 0 ? 'new' : 'changed';
  return roles.every((role) => resolvedRoles.includes(role)) ? 'unfinished' : 'roles';
}

/**
 * Sorts the newest first. Media without a time come last. Media with equal times are ordered by id.
 */
function newestFirst(a: WorkItem, b: WorkItem): number {
  const [aTimeMs, bTimeMs] = [a.timeMs ?? -Infinity, b.timeMs ?? -Infinity];
  if (aTimeMs !== bTimeMs) return aTimeMs > bTimeMs ? -1 : 1;
  if (a.mediaId === b.mediaId) return 0;
  return a.mediaId < b.mediaId ? -1 : 1;
}
