import { SyncError } from '../../../errors.ts';
import type { Medium, Role } from '../../../media.ts';
import { nextAttemptMs } from '../../../plan/next-attempt.ts';
import { plan } from '../../../plan/plan.ts';
import { workLines } from '../../../plan/work-lines.ts';
import { recover } from '../../../run/recover.ts';
import { beginListing, listSlice, type Listing, type ListingOptions } from '../../../run/listing.ts';
import type { Tracker } from '../../../tracker/tracker.ts';
import { messages, replyOf, type ReplyOf, type RequestOf, type WorkLine } from '../../contract.ts';
import { abortAfter } from '../../platform/abort-after.ts';
import { joinArchive } from '../../platform/execution-lease.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { runFiles } from '../../names.ts';
import { deserialise, serialise, type SavedListing } from './listing-state.ts';

/**
 * The maximum number of work lines of a run. Workers cannot finish more lines before the deadline.
 * If a plan is larger, its oldest media wait for the next run.
 */
const maxLines = 10_000;
/** The time in ms that a slice reserves for its reply when the provider is slow. */
const answeringMs = 10_000;
/**
 * The time in ms that a slice reserves to plan a large library and to write its manifest. A short
 * slice reserves a third of its own time instead.
 */
const planningMs = 100_000;

/**
 * Does one slice of a run's listing: it reads as many pages as its time allows. The last slice
 * plans the run and writes the manifest. If the reply of a slice is lost, the slice may be
 * repeated. Errors: those of `list`, of the archive and of the tracker; LEASE_LOST.
 */
export async function listMedia(request: RequestOf<'ListMedia'>, invocation: Invocation): Promise<ReplyOf<'ListMedia'>> {
  const { environment, clock, report, runs } = invocation;
  const budgetMs = Math.min(invocation.remainingMs(), environment.sliceMs ?? Infinity);
  const endsAtMs = clock.elapsed() + budgetMs - Math.min(planningMs, budgetMs / 3);
  const isOver = () => clock.elapsed() >= endsAtMs;
  if (Date.parse(request.deadline) <= clock.now()) throw neverEnding();
  const tracker = await invocation.openTracker(request.provider);
  await using archive = await joinArchive({ destination: invocation.destination, tracker }, request.execution, clock);
  const { source, rememberMode } = await invocation.openSource(request.provider);
  const options: ListingOptions = {
    source,
    tracker,
    clock,
    report,
    runId: request.execution.name,
    full: request.full_listing,
    signal: AbortSignal.any([abortAfter(invocation.remainingMs() - answeringMs, neverEnding()), archive.lost]),
  };

  const { progress, recovered, ...before } = await stateBefore(request, options, {
    ...invocation,
    destination: archive.destination,
  });
  const listing = before.listing ?? (progress && (await listSlice(options, progress, isOver))) ?? null;
  const slices = request.slices + 1;
  await rememberMode();
  await runs.write(runFiles.listing, serialise({ progress: listing ? null : progress, listing, recovered }));
  if (!listing || isOver()) return replyOf(messages.ListMedia, { outcome: 'go-on', slices });
  return { ...(await planRun(request, listing, tracker, invocation)), slices };
}

/**
 * Returns the state that the earlier slices saved. If there is no saved state, this function adopts
 * files that only the archive knows, and begins the listing.
 */
async function stateBefore(
  request: RequestOf<'ListMedia'>,
  options: ListingOptions,
  invocation: Invocation,
): Promise<SavedListing> {
  const left = request.slices === 0 ? undefined : await invocation.runs.read(runFiles.listing);
  if (left !== undefined) return deserialise(left);
  const { destination, report } = invocation;
  const recovered = await recover({ destination, tracker: options.tracker, report }, { publish: true });
  return { progress: await beginListing(options), listing: null, recovered: recovered.length };
}

function neverEnding(): SyncError {
  return new SyncError('PROVIDER_DOWN', 'the provider answers too slowly to list its library', {
    hint: 'The next run tries again.',
  });
}

async function planRun(
  request: RequestOf<'ListMedia'>,
  listing: Listing,
  tracker: Tracker,
  { environment: { roles }, clock, log, report, metrics, runs }: Invocation,
): Promise<ReplyOf<'ListMedia'>> {
  const resting = request.trigger === 'schedule' ? await restingMedia(tracker, roles, clock.now()) : new Set<string>();
  const covers = ({ id }: Medium) => !resting.has(id);
  const { items, sizeHintBytes, waiting } = await plan(tracker.openMedia(roles), { covers, roles });
  report({ type: 'plan.finished', media: items.length, waiting, leftOut: 0, sizeHintBytes });
  const all = workLines(items);
  if (all.length > maxLines) log.warn(`${all.length - maxLines} of ${all.length} work lines wait for the next run`);
  const lines = all.slice(0, maxLines).map((media, index): WorkLine => ({ line: index + 1, media }));
  await runs.write(runFiles.manifest, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  metrics.add('VideosDiscovered', listing.listed);
  metrics.add('NewVideosFound', items.length);
  const { originals } = await tracker.tally(roles);
  return replyOf(messages.ListMedia, {
    outcome: 'done',
    slices: request.slices,
    total_found: listing.listed,
    new_count: items.length,
    already_synced: originals.COMPLETED,
    work_lines: lines.length,
    manifest_key: runs.key(runFiles.manifest),
  });
}

/**
 * Returns the ids of the media that wait for a later attempt. All open work of such a medium has
 * failed, and no next attempt is due yet.
 */
async function restingMedia(tracker: Tracker, roles: readonly Role[], nowMs: number): Promise<ReadonlySet<string>> {
  const resting = new Set<string>();
  for await (const { tracked, originals } of tracker.rows(['FAILED', 'PENDING', 'IN_PROGRESS'])) {
    const wanted = originals.filter(({ original }) => roles.includes(original.role));
    const open = tracked.status === 'FAILED' ? [tracked, ...wanted] : wanted;
    const rests = open.every((row) => row.status === 'FAILED' && nextAttemptMs(row, nowMs) > nowMs);
    if (rests && open.length > 0 && (tracked.status === 'FAILED' || tracked.status === 'RESOLVED'))
      resting.add(tracked.medium.id);
  }
  return resting;
}
