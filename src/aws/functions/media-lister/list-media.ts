import { SyncError } from '../../../errors.ts';
import type { Medium, Provider, Role } from '../../../media.ts';
import { nextAttemptMs } from '../../../plan/next-attempt.ts';
import { plan } from '../../../plan/plan.ts';
import { workLines } from '../../../plan/work-lines.ts';
import { recover } from '../../../run/recover.ts';
import { beginListing, listSlice, type Listing, type ListingOptions } from '../../../run/listing.ts';
import type { Tracker } from '../../../tracker/tracker.ts';
import { noFailure, type ListReply, type ListRequest, type WorkLine } from '../../contract.ts';
import { abortAfter } from '../../platform/abort-after.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { deserialise, listingStateName, serialise, type ListingState } from './listing-state.ts';

/** Name of the list of work among the objects of a run. */
const manifestName = 'manifest.jsonl';
/**
 * What a run's workers can look at before its deadline, even if they find no time for it; the rest waits for the next run. Newest first, so nothing is
 * left for ever.
 */
const mostLines = 10_000;
/** What is left for an answer when the provider lets a slice wait for ever. In ms. */
const answeringMs = 10_000;
/** What planning a large library and writing its manifest take; a short slice keeps back a third. In ms. */
const planningMs = 100_000;

/**
 * One slice of a run's listing: as many pages as there is time for. The last one plans the run and writes its manifest. A slice that is repeated, because
 * its reply was lost, does no harm. Errors: those of `list`, of the archive and of the tracker.
 */
export async function listMedia(
  request: ListRequest & { readonly provider: Provider },
  invocation: Invocation,
): Promise<ListReply> {
  const { environment, clock, report, runs } = invocation;
  const budgetMs = Math.min(invocation.remainingMs(), environment.sliceMs ?? Infinity);
  const endsAtMs = clock.elapsed() + budgetMs - Math.min(planningMs, budgetMs / 3);
  const isOver = () => clock.elapsed() >= endsAtMs;
  if (Date.parse(request.deadline) <= clock.now()) throw neverEnding();
  const { source } = await invocation.openSource(request.provider);
  const tracker = await invocation.openTracker(request.provider);
  const options: ListingOptions = {
    source,
    tracker,
    clock,
    report,
    runId: request.execution.name,
    full: request.full_listing,
    signal: abortAfter(invocation.remainingMs() - answeringMs, neverEnding()),
  };

  const { progress, ...before } = await stateBefore(request, options, invocation);
  const listing = before.listing ?? (progress && (await listSlice(options, progress, isOver))) ?? null;
  const slices = request.slices + 1;
  await runs.write(listingStateName, serialise({ progress: listing ? null : progress, listing }));
  if (!listing || isOver()) return { ...nothingYet, outcome: 'go-on', slices };
  return { ...(await planRun(request, listing, tracker, invocation)), slices };
}

const nothingYet = {
  total_found: 0,
  new_count: 0,
  already_synced: 0,
  work_lines: 0,
  manifest_key: '',
  error: noFailure,
} as const;

/** What an earlier slice left; at first the archive is asked for what the tracker does not know, so that nothing is planned that is there. */
async function stateBefore(request: ListRequest, options: ListingOptions, invocation: Invocation): Promise<ListingState> {
  const left = request.slices === 0 ? undefined : await invocation.runs.read(listingStateName);
  if (left !== undefined) return deserialise(left);
  const { destination, report } = invocation;
  await recover({ destination, tracker: options.tracker, report }, { publish: true });
  return { progress: await beginListing(options), listing: null };
}

function neverEnding(): SyncError {
  return new SyncError('PROVIDER_DOWN', 'the provider answers too slowly for its library to be listed', {
    hint: 'Nothing is lost; the next run tries again.',
  });
}

async function planRun(
  request: ListRequest,
  listing: Listing,
  tracker: Tracker,
  { environment: { roles }, clock, log, report, metrics, runs }: Invocation,
): Promise<ListReply> {
  const resting = request.trigger === 'schedule' ? await restingMedia(tracker, roles, clock.now()) : new Set<string>();
  const covers = ({ id }: Medium) => !resting.has(id);
  const { items, sizeHintBytes } = await plan(tracker.openMedia(roles), { covers, roles });
  report({ type: 'plan.finished', media: items.length, sizeHintBytes });
  const all = workLines(items);
  if (all.length > mostLines) log.warn(`${all.length - mostLines} of ${all.length} work lines wait for the next run`);
  const lines = all.slice(0, mostLines).map((media, index): WorkLine => ({ line: index + 1, media }));
  await runs.write(manifestName, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  metrics.add('VideosDiscovered', listing.listed);
  metrics.add('NewVideosFound', items.length);
  const { originals } = await tracker.tally(roles);
  return {
    ...nothingYet,
    outcome: 'done',
    slices: request.slices,
    total_found: listing.listed,
    new_count: items.length,
    already_synced: originals.COMPLETED,
    work_lines: lines.length,
    manifest_key: runs.key(manifestName),
  };
}

/** Media of which nothing is left to do but what has failed and is not worth another attempt yet. */
async function restingMedia(tracker: Tracker, roles: readonly Role[], nowMs: number): Promise<ReadonlySet<string>> {
  const resting = new Set<string>();
  for await (const { tracked, originals } of tracker.rows(['FAILED', 'PENDING', 'IN_PROGRESS'])) {
    const wanted = originals.filter(({ original }) => roles.includes(original.role));
    const open = tracked.status === 'FAILED' ? [tracked, ...wanted] : wanted;
    const rests = open.every((row) => row.status === 'FAILED' && nextAttemptMs(row) > nowMs);
    if (rests && open.length > 0 && (tracked.status === 'FAILED' || tracked.status === 'RESOLVED'))
      resting.add(tracked.medium.id);
  }
  return resting;
}
