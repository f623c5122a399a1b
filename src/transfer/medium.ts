import { asSyncError, SyncError } from '../errors.ts';
import { forEachLimited } from '../lib/for-each.ts';
import { originalId } from '../media.ts';
import type { WorkItem } from '../plan/plan.ts';
import type { Resolution } from '../source/source.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker/tracker.ts';
import { changedOriginals } from './changed.ts';
import { codeOf, fruitless, hintOf, transferClaimed } from './claimed.ts';
import type { MediumContext } from './context.ts';
import { mediumSet } from './describe.ts';
import { createMediumUrls, type MediumUrls } from './medium-urls.ts';
import type { TransferPorts } from './ports.ts';
import { repairMarked } from './repair.ts';

/** One medium: is it ready, which originals has it, fetch those that are missing. Throws only what stops the run. */
export async function transferMedium(item: WorkItem, context: MediumContext): Promise<void> {
  const { ports, signal } = context;
  const tracked = await ports.tracker.medium(item.mediaId);
  if (!tracked || hasFailedInRun(tracked, ports)) return;
  try {
    if (tracked.status === 'WAITING' && !(await isReady(tracked, context))) return;
    const resolution = await ports.source.resolve(item.mediaId, ports.roles, signal);
    await context.gone.found();
    warnOfMissingItems(tracked, resolution, ports);
    if (offersNothing(resolution)) return await waiting(tracked, 'the provider offers no original of it yet', ports);
    await transferOriginals(tracked, resolution, context);
  } catch (thrown) {
    const thrownError = asSyncError(thrown);
    if (thrownError.decision === 'stop') throw thrownError;
    if (thrownError.decision === 'defer' && !ports.slice.isFruitless()) return;
    const error = thrownError.decision === 'defer' ? fruitless() : thrownError;
    if (error.code === 'SOURCE_GONE') return context.gone.gone(() => sourceDeleted(tracked, error, ports));
    const code = codeOf(error);
    const reason = error.message;
    const status = await ports.tracker.failMedium(item.mediaId, { code, reason, quarantineAfter: ports.quarantineAfter });
    ports.report({ type: 'medium.failed', mediaId: item.mediaId, name: nameOf(tracked), status, code, reason, ...hintOf(error) });
  }
}

function offersNothing(resolution: Resolution): boolean {
  return resolution.originals.length === 0 && resolution.unavailable === 0 && !resolution.outOfScope;
}

/** The listing counts items too; fewer originals than items may mean that the provider hides some of them. */
function warnOfMissingItems(tracked: TrackedMedium, { originals, unavailable }: Resolution, { report }: TransferPorts): void {
  const offered = originals.filter((original) => original.role === 'source').length + unavailable;
  const listed = tracked.medium.itemCount ?? 0;
  if (offered === 0 || listed <= offered) return;
  report({
    type: 'warning',
    message: `${nameOf(tracked)} (${tracked.medium.id}): the listing counts ${listed} items, but ${offered} originals are offered`,
    hint: 'What is offered is archived. Compare the medium in a browser, and report it if files are missing.',
  });
}

/** A WAITING medium is asked for by itself; only when the provider calls it ready it is resolved. */
async function isReady(tracked: TrackedMedium, { ports, signal }: MediumContext): Promise<boolean> {
  const medium = await ports.source.get(tracked.medium.id, signal);
  if (!medium) throw new SyncError('SOURCE_GONE', 'the provider no longer has it');
  if (!medium.ready) await waiting(tracked, `the provider says "${medium.readyState}"`, ports);
  return medium.ready;
}

async function waiting(tracked: TrackedMedium, reason: string, ports: TransferPorts): Promise<void> {
  await ports.tracker.setMediumStatus(tracked.medium.id, 'WAITING', reason);
  ports.report({ type: 'medium.waiting', mediaId: tracked.medium.id, name: nameOf(tracked), reason });
}

async function sourceDeleted(tracked: TrackedMedium, error: SyncError, ports: TransferPorts): Promise<void> {
  await ports.tracker.vanish(tracked.medium.id, error.message);
  ports.report({ type: 'medium.sourceDeleted', mediaId: tracked.medium.id, name: nameOf(tracked) });
}

function nameOf({ medium }: TrackedMedium): string {
  return medium.filename || medium.id;
}

/** All originals of one resolve, and those that a later resolve in the same run adds. */
async function transferOriginals(tracked: TrackedMedium, first: Resolution, context: MediumContext): Promise<void> {
  const { ports, signal } = context;
  let latest = first;
  const urls = createMediumUrls(
    first,
    async () => {
      latest = await ports.source.resolve(tracked.medium.id, ports.roles, signal);
      return latest;
    },
    ports.clock,
  );
  for (let recorded: Resolution | undefined; recorded !== latest;) {
    // Resolved again on the way with the same originals: nothing new to record.
    if (recorded && idsOf(recorded) === idsOf(latest)) return;
    recorded = latest;
    const { rows, unproven } = await recordOriginals(tracked, recorded, urls, context);
    const waits = recorded.unavailable;
    // One that is known but not offered may be among those that are not available yet.
    const open = rows.filter((row) => isOpen(row, ports) && (waits === 0 || urls.offers(originalId(row.original, 1))));
    if (waits > 0) {
      const reason = `not available yet: ${waits} of ${waits + recorded.originals.length} originals`;
      ports.report({ type: 'medium.waiting', mediaId: tracked.medium.id, name: nameOf(tracked), reason });
    }
    const set = mediumSet(tracked.medium, ports.roles, rows, waits);
    await forEachLimited(open, Math.min(context.concurrency, open.length), (row) =>
      transferClaimed(row, tracked, urls, set, context),
    );
    // What is new is archived; the medium stays open, so that the next run compares again.
    if (unproven) throw unproven;
  }
}

function idsOf(resolution: Resolution): string {
  return resolution.originals
    .map((offered) => originalId(offered, 1))
    .toSorted()
    .join('\n');
}

function isOpen(row: TrackedOriginal, ports: TransferPorts): boolean {
  const isDue = ['PENDING', 'FAILED', 'IN_PROGRESS'].includes(row.status) && !hasFailedInRun(row, ports);
  return isDue && ports.roles.includes(row.original.role);
}

/** An earlier slice of this run has given it up already. */
function hasFailedInRun({ status, statusSince }: TrackedMedium | TrackedOriginal, { runStartedAt }: TransferPorts): boolean {
  return status === 'FAILED' && statusSince >= runStartedAt;
}

async function recordOriginals(
  tracked: TrackedMedium,
  resolution: Resolution,
  urls: MediumUrls,
  context: MediumContext,
): Promise<{ readonly rows: readonly TrackedOriginal[]; readonly unproven: SyncError | undefined }> {
  const { ports, signal } = context;
  const known = await ports.tracker.originals(tracked.medium.id);
  const replaced = await repairMarked(known, ports, signal);
  const comparable = known.filter(
    ({ original: { role } }) =>
      ports.roles.includes(role) && (tracked.status !== 'RESOLVED' || !tracked.resolvedRoles.includes(role)),
  );
  const { changed, unproven } = await changedOriginals(comparable, urls, ports, signal);
  const compared = { replaced: [...new Set([...replaced, ...changed])], proven: unproven === undefined };
  const rows = await context.recorder.record(tracked, resolution, compared);
  return { rows, unproven };
}
