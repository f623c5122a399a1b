import { asSyncError, SyncError } from '../../errors.ts';
import { isSince } from '../../lib/clock.ts';
import { forEachLimited } from '../../lib/for-each.ts';
import { originalId, type Role } from '../../media.ts';
import { awaitingRepair, type WorkItem } from '../../plan/plan.ts';
import type { Resolution } from '../../source/source.ts';
import type { TrackedMedium, TrackedOriginal } from '../../tracker/tracker.ts';
import type { Transfer } from '../context.ts';
import { mediumSet } from '../describe.ts';
import { createMediumUrls, type MediumUrls } from '../media-host/medium-urls.ts';
import { failureOf, transferOriginal } from '../original/transfer-original.ts';
import { recordResolution } from '../record.ts';
import { changedOriginals } from './changed.ts';
import { lookAtMarked } from './repair.ts';

/**
 * A run accepts this many different sets of originals of one medium. An API may change them
 * forever.
 */
const maxRounds = 3;

/** Resolves a medium and transfers its missing originals. Throws only errors that stop the run. */
export async function transferMedium({ mediaId }: WorkItem, transfer: Transfer): Promise<void> {
  const { source, tracker, roles, disappearances, signal } = transfer;
  const tracked = await tracker.medium(mediaId);
  if (!tracked || hasFailedInRun(tracked, transfer)) return;
  try {
    if (tracked.status === 'WAITING' && !(await isReady(tracked, transfer))) return;
    const resolution = await source.resolve(mediaId, roles, signal);
    await disappearances.found();
    warnOfMissingItems(tracked, resolution, transfer);
    if (offersNothing(resolution)) await recordWaiting(tracked, 'the provider offers no original of the medium yet', transfer);
    else await transferOriginals(tracked, resolution, transfer);
  } catch (thrown) {
    await recordFailure(tracked, asSyncError(thrown), transfer);
  }
}

async function recordFailure(tracked: TrackedMedium, error: SyncError, transfer: Transfer): Promise<void> {
  const { tracker, slice, disappearances, report, quarantineAfter } = transfer;
  if (error.decision === 'stop') throw error;
  if (error.decision === 'defer' && !slice.isFruitless()) return;
  const mediaId = tracked.medium.id;
  if (error.code === 'SOURCE_GONE') {
    // An earlier run was denied this medium too, so this denial does not show a change of the API.
    if (tracked.denials > 0) return recordDenied(tracked, error, transfer);
    return disappearances.suspect(async (verdict) =>
      verdict === 'gone' ? recordDenied(tracked, error, transfer) : tracker.countDenial(mediaId),
    );
  }
  const { code, reason, ...hint } = failureOf(error);
  const status = await tracker.failMedium(mediaId, { code, reason, quarantineAfter });
  report({ type: 'medium.failed', mediaId, name: nameOf(tracked), status, code, reason, ...hint });
}

function offersNothing(resolution: Resolution): boolean {
  return resolution.originals.length === 0 && resolution.unavailable === 0 && !resolution.outOfScope;
}

/** Warns if the listing counts more items of the medium than the provider offers originals. */
function warnOfMissingItems(tracked: TrackedMedium, { originals, unavailable }: Resolution, { report }: Transfer): void {
  const offered = originals.filter((original) => original.role === 'source').length + unavailable;
  const listed = tracked.medium.itemCount ?? 0;
  if (offered === 0 || listed <= offered) return;
  report({
    type: 'warning',
    message: `${nameOf(tracked)} (${tracked.medium.id}): the listing counts ${listed} items, but ${offered} originals are offered`,
    hint: 'The offered originals are archived. Compare the medium in a browser, and report it if files are missing.',
  });
}

/** Asks the provider whether a WAITING medium is ready. Only a ready medium is resolved. */
async function isReady(tracked: TrackedMedium, transfer: Transfer): Promise<boolean> {
  const medium = await transfer.source.get(tracked.medium.id, transfer.signal);
  if (!medium) throw new SyncError('SOURCE_GONE', 'the provider no longer has the medium');
  if (!medium.ready) await recordWaiting(tracked, `the provider says "${medium.readyState}"`, transfer);
  return medium.ready;
}

async function recordWaiting(tracked: TrackedMedium, reason: string, { tracker, report }: Transfer): Promise<void> {
  await tracker.setMediumStatus(tracked.medium.id, 'WAITING', reason);
  report({ type: 'medium.waiting', mediaId: tracked.medium.id, name: nameOf(tracked), reason });
}

/**
 * Records a denial. If the provider lists a medium that it denies again and again, that is a
 * failure.
 */
async function recordDenied(tracked: TrackedMedium, error: SyncError, transfer: Transfer): Promise<void> {
  const { tracker, report, quarantineAfter } = transfer;
  const { id: mediaId } = tracked.medium;
  const status = await tracker.vanish(mediaId, error.message, quarantineAfter);
  const name = nameOf(tracked);
  if (status === 'SOURCE_DELETED') return report({ type: 'medium.sourceDeleted', mediaId, name });
  // An earlier slice of this run has counted the denial.
  if (status !== 'FAILED' && status !== 'QUARANTINED') return undefined;
  const reason = (await tracker.medium(mediaId))?.reason ?? error.message;
  report({ type: 'medium.failed', mediaId, name, status, code: error.code, reason });
}

function nameOf({ medium }: TrackedMedium): string {
  return medium.filename || medium.id;
}

/** Transfers all originals that a resolve offers. A later resolve in the same run may add more. */
async function transferOriginals(tracked: TrackedMedium, first: Resolution, transfer: Transfer): Promise<void> {
  const { source, clock, roles, signal } = transfer;
  let latest = first;
  const resolveAgain = async () => {
    latest = await source.resolve(tracked.medium.id, roles, signal);
    return latest;
  };
  const urls = createMediumUrls(first, resolveAgain, clock);
  let recorded: Resolution | undefined;
  for (let rounds = 0; recorded !== latest; rounds += 1) {
    // If a later resolve gave the same originals, there is nothing new to record.
    if (recorded && idsOf(recorded) === idsOf(latest)) return;
    if (rounds === maxRounds) throw new SyncError('API_REFUSED', `the provider offered ${maxRounds} different sets of originals`);
    recorded = latest;
    await transferResolved(tracked, recorded, urls, transfer);
  }
}

function idsOf(resolution: Resolution): string {
  return resolution.originals
    .map((offered) => originalId(offered, 1))
    .toSorted()
    .join('\n');
}

async function transferResolved(
  tracked: TrackedMedium,
  resolution: Resolution,
  urls: MediumUrls,
  transfer: Transfer,
): Promise<void> {
  const { medium } = tracked;
  const { roles, report, concurrency } = transfer;
  const { rows, unproven } = await compareAndRecord(tracked, resolution, urls, transfer);
  const { unavailable } = resolution;
  // An original that the provider does not offer now may be one of the unavailable ones. It is not
  // tried while any original is unavailable.
  const repairs = new Set(awaitingRepair(rows));
  const open = rows.filter(
    (row) => isOpen(row, repairs, transfer) && (unavailable === 0 || urls.offers(originalId(row.original, 1))),
  );
  if (unavailable > 0) {
    const reason = `not available yet: ${unavailable} of ${unavailable + resolution.originals.length} originals`;
    report({ type: 'medium.waiting', mediaId: medium.id, name: nameOf(tracked), reason });
  }
  const set = mediumSet(medium, roles, rows, unavailable);
  await forEachLimited(open, Math.min(concurrency, open.length), (row) => transferOriginal(row, { set, urls }, transfer));
  // If an archived original could not be compared, the medium stays unresolved, and the next run
  // compares again.
  if (unproven) throw unproven;
}

function isOpen(row: TrackedOriginal, repairs: ReadonlySet<TrackedOriginal>, transfer: Transfer): boolean {
  // Without digests a second copy proves nothing.
  if (row.mark === 'SUSPECT' && !transfer.digests) return false;
  const isDue = repairs.has(row)
    ? row.failedAt === null || !isSince(row.failedAt, transfer.runStartedAt, transfer.clock.now())
    : ['PENDING', 'FAILED', 'IN_PROGRESS'].includes(row.status) && !hasFailedInRun(row, transfer);
  return isDue && transfer.roles.includes(row.original.role);
}

/**
 * Whether the medium or original has failed since the run began, in this slice or an earlier one.
 */
function hasFailedInRun({ status, statusSince }: TrackedMedium | TrackedOriginal, { runStartedAt, clock }: Transfer): boolean {
  return status === 'FAILED' && isSince(statusSince, runStartedAt, clock.now());
}

/**
 * Compares the archived originals of a changed medium with the offered ones, then records the
 * resolve.
 */
async function compareAndRecord(
  tracked: TrackedMedium,
  resolution: Resolution,
  urls: MediumUrls,
  transfer: Transfer,
): Promise<{ readonly rows: readonly TrackedOriginal[]; readonly unproven: SyncError | undefined }> {
  const known = await transfer.tracker.originals(tracked.medium.id);
  const replaced = await lookAtMarked(known, transfer);
  const isUnresolved = (role: Role) => tracked.status !== 'RESOLVED' || !tracked.resolvedRoles.includes(role);
  const comparable = known.filter(({ original: { role } }) => transfer.roles.includes(role) && isUnresolved(role));
  const { changed, unproven } = await changedOriginals(comparable, urls, transfer);
  const compared = { replaced: [...new Set([...replaced, ...changed])], proven: unproven === undefined };
  return { rows: await recordResolution(transfer, tracked, resolution, compared), unproven };
}
